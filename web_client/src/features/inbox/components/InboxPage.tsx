import { useEffect, useMemo, useState } from 'react';
import { useProblemText } from '@/shared/api';
import { useCan } from '@/shared/session/permissions';
import { Button, EmptyState } from '@/shared/ui';
import { useOwnCases } from '../api/useReturns';
import { useWords } from '../i18n';
import { needsAttention, pending } from '../model/item';
import { isZip, unpack, ZipProblem } from '../model/unpack';
import { useQueue } from '../model/useQueue';
import { CaseCard } from './CaseCard';
import { CountySide } from './CountySide';
import { DropZone } from './DropZone';
import styles from './inbox.module.css';
import { Safety } from './Safety';

/** The township's page: files go up on the left, what the county says comes back on the right. */
export default function InboxPage() {
  const t = useWords();
  const can = useCan();
  const text = useProblemText();
  const { queue, cases, reading } = useQueue();
  const [taking, setTaking] = useState(0);
  const busy = reading || taking > 0;
  useHeldPage(busy);
  const [problems, setProblems] = useState<readonly string[]>([]);
  const [onlyTrouble, setOnlyTrouble] = useState(false);
  const own = useOwnCases('open', can('worklist.read'));
  const requests = useMemo(
    () => new Map((own.data?.items ?? []).map((request) => [request.study_instance_uid, request])),
    [own.data],
  );
  const trouble = cases.filter(needsAttention);
  const shown = onlyTrouble ? trouble : cases;
  const finished = cases.flatMap(({ items }) => items).filter((item) => !pending(item));

  async function take(files: readonly File[]): Promise<void> {
    const said: string[] = [];
    const plain: File[] = [];
    setTaking((count) => count + 1);
    for (const file of files) {
      if (!isZip(file)) {
        plain.push(file);
        continue;
      }
      try {
        plain.push(...(await unpack(file)));
      } catch (error) {
        said.push(error instanceof ZipProblem ? t(`why.${error.code}`, { name: file.name }) : text(error));
      }
    }
    await queue.add(plain);
    setTaking((count) => count - 1);
    setProblems(said);
  }

  return (
    <div className={styles.page}>
      <h1 className="sr">{t('title')}</h1>
      <div className={styles.left}>
        <DropZone
          reading={busy}
          onFiles={(files) => void take(files)}
          onFailed={() => setProblems([t('why.unreadable')])}
        />
        <Safety cases={cases} busy={busy} />
      </div>
      <section className={styles.list} aria-label={t('title')}>
        <div className={styles.sectionHead}>
          <h2>{t('list.title', { n: cases.filter(({ state }) => state !== 'skipped').length })}</h2>
          <span className="sub t13">
            {t('list.files', { files: cases.reduce((sum, each) => sum + each.files, 0) })}
          </span>
          <span className="end" />
          <span className="seg">
            <button type="button" aria-pressed={!onlyTrouble} onClick={() => setOnlyTrouble(false)}>
              {t('list.all')}
            </button>
            <button type="button" aria-pressed={onlyTrouble} onClick={() => setOnlyTrouble(true)}>
              {t('list.attention', { n: trouble.length })}
            </button>
          </span>
          <Button
            size="small"
            disabled={finished.length === 0}
            onClick={() => queue.remove(new Set(finished.map(({ id }) => id)))}
          >
            {t('list.clear')}
          </Button>
        </div>
        {problems.map((line) => (
          <div key={line} className="banner" role="alert">
            {line}
          </div>
        ))}
        {shown.length === 0 && <EmptyState title={t('list.empty')} lines={[t('list.emptyWhat')]} />}
        {shown.map((each) => (
          <CaseCard
            key={each.key}
            each={each}
            request={requests.get(each.studyUid) ?? null}
            onRemove={(ids) => queue.remove(ids)}
          />
        ))}
      </section>
      <CountySide />
    </div>
  );
}

/** Asks before the page goes away while files are only half read. */
function useHeldPage(busy: boolean): void {
  useEffect(() => {
    if (!busy) return;
    const hold = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener('beforeunload', hold);
    return () => removeEventListener('beforeunload', hold);
  }, [busy]);
}
