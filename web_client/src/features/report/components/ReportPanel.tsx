import { IconFileText } from '@tabler/icons-react';
import { type RefObject, useRef } from 'react';
import { useActions } from '@/shared/actions';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { usePerson } from '@/shared/session/session';
import { ErrorNotice, Loading } from '@/shared/ui';
import { useReport } from '../api/useReport';
import { useWords } from '../i18n';
import { stanceOf } from '../model/steps';
import type { Writer } from '../model/writer';
import { Editor } from './Editor';
import { ReadOnly } from './ReadOnly';
import styles from './report.module.css';

interface Props {
  readonly request: Request;
  /** What the report stands beside (images, an ECG): F6 goes there and back. */
  readonly beside: RefObject<HTMLElement | null>;
  /** Told who writes here now, and null when nobody does. */
  readonly onWriter?: ((writer: Writer | null) => void) | undefined;
}

/** The report of a case, beside what it is about. */
export function ReportPanel({ request, beside, onWriter }: Props) {
  const t = useWords();
  const panel = useRef<HTMLElement>(null);
  const me = usePerson().id;
  const can = useCan();
  const { data: report, error, refetch } = useReport(request);
  useSwap(panel, beside);
  return (
    <aside className={styles.panel} aria-label={t('title')} ref={panel}>
      {report !== undefined ? (
        (() => {
          const stance = stanceOf(request, report, { id: me, mayWrite: can('report.write') });
          return stance === 'writes' ? (
            <Editor key={request.id} request={request} report={report} onWriter={onWriter} />
          ) : (
            <ReadOnly request={request} report={report} stance={stance} />
          );
        })()
      ) : (
        <>
          <h2 className="ph">
            <IconFileText size={16} /> {t('title')}
          </h2>
          {error === null ? (
            <Loading />
          ) : (
            <ErrorNotice title={t('load.failed')} error={error} onRetry={() => void refetch()} />
          )}
        </>
      )}
    </aside>
  );
}

function useSwap(panel: RefObject<HTMLElement | null>, beside: RefObject<HTMLElement | null>): void {
  const t = useWords();
  const swap = (): void => {
    const inside = panel.current?.contains(document.activeElement) === true;
    if (inside) beside.current?.focus();
    else panel.current?.querySelector<HTMLElement>('textarea, button:not(:disabled), a')?.focus();
  };
  useActions([
    { name: t('act.swap'), group: t('title'), keys: ['F6'], keyOnly: true, hint: true, perform: swap },
  ]);
}
