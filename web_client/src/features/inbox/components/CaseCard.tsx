import { IconAlertTriangle, IconCheck, IconRefresh } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { clock } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import { type Request, readingPath } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import { type Case, type Item, needsAttention, pending } from '../model/item';
import { fileSize, percent } from '../model/size';
import { useSpeed } from '../model/useQueue';
import { CaseFacts } from './CaseFacts';
import styles from './inbox.module.css';

interface Props {
  readonly each: Case;
  /** The county's request for it, once it has arrived. */
  readonly request: Request | null;
  readonly onRemove: (ids: ReadonlySet<string>) => void;
}

/** One study on its way: how far it is, how it ended, and what the county should know of it. */
export function CaseCard({ each, request, onRemove }: Props) {
  const t = useWords();
  const app = useShared();
  const can = useCan();
  const [open, setOpen] = useState(false);
  const { head } = each;
  const trouble = needsAttention(each);
  const title =
    each.state === 'skipped'
      ? t('case.notDicom')
      : head?.modality === 'ECG'
        ? t('case.ecg')
        : [head?.modality, head?.description || t('case.noDescription')].filter(Boolean).join(' ');
  return (
    <article
      className={trouble ? `${styles.case} ${styles.trouble}` : styles.case}
      data-testid="upload-case"
      data-state={each.state}
    >
      <div className={styles.count}>{t('case.images', { n: each.files })}</div>
      <div className={styles.body}>
        <h3>
          {title}
          {each.state !== 'skipped' && (
            <span className="sub">
              {head?.patientName ||
                request?.patient.name ||
                (head?.studyUid ? t('case.noPatient') : each.items[0]?.name)}{' '}
              {app.maybe(`sex.${head?.patientSex}`)} {ageOf(head?.patientAge)}
            </span>
          )}
        </h3>
        <Progress each={each} />
        {each.state !== 'skipped' && each.state !== 'refused' && each.studyUid !== '' && (
          <CaseFacts studyUid={each.studyUid} request={request} />
        )}
        {each.state === 'skipped' && <p className="sub t13">{t('case.notDicomWhat')}</p>}
        <button type="button" className={styles.link} aria-expanded={open} onClick={() => setOpen(!open)}>
          {t(open ? 'case.hideFiles' : 'case.showFiles')}
        </button>
        {(open || trouble) && (
          <Files
            items={
              open
                ? each.items
                : each.items
                    .filter((item) => item.state === 'refused' || item.state === 'skipped')
                    .slice(0, 3)
            }
          />
        )}
      </div>
      <div className={styles.verdict}>
        <Verdict each={each} />
        {request !== null && can('exam.read') && (
          <Link className="btn s" to={readingPath(request)} data-testid="open-case">
            {t('case.open')}
          </Link>
        )}
        {each.items.some(pending) ? (
          <Button
            size="small"
            onClick={() => onRemove(new Set(each.items.filter(pending).map(({ id }) => id)))}
          >
            {t('case.remove')}
          </Button>
        ) : null}
      </div>
    </article>
  );
}

const ageOf = (age: string | undefined): string => (age ?? '').replace(/^0*(\d+)Y$/, '$1');

function Progress({ each }: { each: Case }) {
  const t = useWords();
  const speed = useSpeed(each.sent);
  if (each.state === 'skipped' || each.state === 'refused') return null;
  const share = each.finishedAt === null ? percent(each.sent, each.size) : 100;
  const numbers = { percent: share, done: each.done, files: each.files };
  const seconds = speed === null ? null : Math.ceil((each.size - each.sent) / speed);
  const received = ({ items, files, state }: Case, at: number): string => {
    const time = clock(new Date(at));
    if (state !== 'some') return t('case.receivedAt', { time });
    return t('case.someAt', { time, files, done: items.filter((item) => item.state !== 'refused').length });
  };
  const left =
    seconds === null
      ? null
      : seconds < 90
        ? t('left.seconds', { n: seconds })
        : t('left.minutes', { n: Math.ceil(seconds / 60) });
  return (
    <>
      <progress
        className={each.finishedAt === null ? styles.bar : `${styles.bar} ${styles.full}`}
        max={100}
        value={share}
      />
      <p className="sub t13">
        {each.finishedAt !== null
          ? received(each, each.finishedAt)
          : left === null
            ? t('case.progressUnknown', numbers)
            : t('case.progress', { ...numbers, left })}
        {' · '}
        {fileSize(each.size)}
      </p>
    </>
  );
}

function Verdict({ each }: { each: Case }) {
  const t = useWords();
  if (each.state === 'skipped') return null;
  const word = t(`case.${each.state}`);
  switch (each.state) {
    case 'stored':
    case 'duplicate':
      return (
        <b className={styles.good}>
          <IconCheck size={16} /> {word}
        </b>
      );
    case 'some':
    case 'refused':
      return (
        <b className={styles.bad}>
          <IconAlertTriangle size={16} /> {word}
        </b>
      );
    default:
      return (
        <b className={styles.going}>
          <IconRefresh size={16} /> {word}
        </b>
      );
  }
}

function Files({ items }: { items: readonly Item[] }) {
  const t = useWords();
  return (
    <ul className={styles.files}>
      {items.map((item) => (
        <li key={item.id}>
          <span className="ell">{item.name}</span>
          <span className={item.state === 'refused' ? styles.bad : 'sub'}>
            {item.state === 'refused' || item.state === 'skipped' ? (
              <Why code={item.code} />
            ) : item.state === 'sending' ? (
              t('file.sending', { percent: percent(item.sent, item.size) })
            ) : (
              t(`file.${item.state}`)
            )}
          </span>
        </li>
      ))}
    </ul>
  );
}

function Why({ code }: { code: string | null }) {
  const t = useWords();
  return <>{t.maybe(`why.${code}`) ?? t('why.other', { code: code ?? '' })}</>;
}
