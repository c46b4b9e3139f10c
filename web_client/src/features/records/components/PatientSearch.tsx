import { IconSearch } from '@tabler/icons-react';
import { type FormEvent, useState } from 'react';
import { Button, EmptyState, ErrorNotice, Loading } from '@/shared/ui';
import { FOUND_AT_MOST, type PatientRecord, usePatients } from '../api/useRecords';
import { useWords } from '../i18n';
import { chosenAfter } from '../model';
import { MergeDialog } from './MergeDialog';
import { PatientRow } from './PatientRow';
import { type Asked, ReasonDialog } from './ReasonDialog';
import styles from './records.module.css';

const COLUMNS = ['pick', 'name', 'identifier', 'issuer', 'person', 'studies'] as const;

export function PatientSearch({ now }: { readonly now: Date }) {
  const t = useWords();
  const [typed, setTyped] = useState('');
  const [sought, setSought] = useState('');
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [merging, setMerging] = useState(false);
  const [asked, setAsked] = useState<Asked | null>(null);
  const found = usePatients(sought);
  const records = found.data?.items ?? [];
  const pair = records.filter((each) => chosen.includes(each.id));

  function search(event: FormEvent): void {
    event.preventDefault();
    setChosen([]);
    setSought(typed.trim());
  }

  return (
    <>
      <form className={styles.search} onSubmit={search}>
        <label>
          {t('search.label')}
          <input
            name="text"
            spellCheck={false}
            maxLength={64}
            value={typed}
            onChange={(event) => setTyped(event.target.value)}
          />
        </label>
        <Button kind="primary" type="submit" busy={found.isFetching}>
          <IconSearch size={14} /> {t('search.go')}
        </Button>
        <span className="end" />
        {records.length > 1 && (
          <Button blocked={pair.length === 2 ? null : t('act.mergePick')} onClick={() => setMerging(true)}>
            {t('act.merge')}
          </Button>
        )}
      </form>
      {sought === '' ? (
        <EmptyState title={t('search.first')} lines={[t('search.firstWhat')]} />
      ) : found.data === undefined ? (
        found.error === null ? (
          <Loading what={t('loading')} />
        ) : (
          <ErrorNotice title={t('search.failed')} error={found.error} onRetry={() => void found.refetch()} />
        )
      ) : records.length === 0 ? (
        <EmptyState title={t('search.none')} lines={[t('search.noneWhat')]} />
      ) : (
        <>
          <table className="dt">
            <thead>
              <tr>
                {COLUMNS.map((column) => (
                  <th key={column} scope="col">
                    {t(`col.${column}`)}
                  </th>
                ))}
                <td />
              </tr>
            </thead>
            <tbody>
              {records.map((record) => (
                <PatientRow
                  key={record.id}
                  record={record}
                  survivor={records.find((each) => each.id === record.survivor_id) ?? null}
                  chosen={chosen.includes(record.id)}
                  onChoose={() => setChosen(chosenAfter(chosen, record.id))}
                  onAsk={setAsked}
                  now={now}
                />
              ))}
            </tbody>
          </table>
          {found.data.more && <p className="sub t13">{t('search.more', { n: FOUND_AT_MOST })}</p>}
        </>
      )}
      {merging && pair.length === 2 && (
        <MergeDialog
          pair={pair as [PatientRecord, PatientRecord]}
          onClose={() => {
            setMerging(false);
            setChosen([]);
          }}
        />
      )}
      {asked !== null && <ReasonDialog {...asked} onClose={() => setAsked(null)} />}
    </>
  );
}
