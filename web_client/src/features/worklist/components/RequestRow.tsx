import { IconUrgent } from '@tabler/icons-react';
import { type CSSProperties, memo, useEffect, useRef } from 'react';
import { placeName, shortTime } from '@/shared/format/format';
import type { Request } from '@/shared/requests/requests';
import { Countdown, Missing, PatientLine, Tier } from '@/shared/ui';
import { useWords } from '../i18n';
import { running } from '../model/rows';
import { HintCell } from './HintCell';
import { StateCell } from './StateCell';
import { Thumbnail } from './Thumbnail';
import styles from './worklist.module.css';

interface Props {
  readonly request: Request;
  readonly style: CSSProperties;
  readonly now: Date;
  readonly selected: boolean;
  /** Whether the keyboard is in the list: only then does the selected row take the focus. */
  readonly focus: boolean;
  readonly busy: boolean;
  readonly onSelect: (id: string) => void;
  readonly onOpen: (request: Request) => void;
  readonly onClaim: (request: Request) => void;
}

export const RequestRow = memo(function RequestRow(props: Props) {
  const { request, style, now, selected, focus, busy, onSelect, onOpen, onClaim } = props;
  const t = useWords();
  const row = useRef<HTMLTableRowElement>(null);
  useEffect(() => {
    if (selected && focus) row.current?.focus({ preventScroll: true });
  }, [selected, focus]);
  const moment = request.acquired_at ?? request.received_at;
  const time = shortTime(moment, now);
  const modality = request.kind === 'ecg' ? t('exam.ecg') : request.modalities.join(' ');
  return (
    <tr
      ref={row}
      style={style}
      tabIndex={selected ? 0 : -1}
      aria-current={selected ? 'true' : undefined}
      data-testid="worklist-row"
      data-request-id={request.id}
      className={`${styles.row} ${styles[request.risk] ?? ''}`}
      onClick={() => onSelect(request.id)}
      onDoubleClick={() => onOpen(request)}
    >
      <td>
        <Tier tier={request.risk} />
      </td>
      <td>
        {running(request) ? (
          <Countdown dueAt={request.due_at} since={request.received_at} now={now} />
        ) : (
          <span className="muted">–</span>
        )}
      </td>
      <td className="col">
        <PatientLine patient={request.patient} />
        <div className="ell sub t12">
          {request.emergency && (
            <b className={styles.emergency}>
              <IconUrgent size={12} /> {t('patient.emergency')}
            </b>
          )}{' '}
          {request.complaint ?? request.patient.patient_id}
        </div>
      </td>
      <td className="col">
        <div className="ell">
          {modality} {request.kind === 'imaging' && (request.description ?? '')}
        </div>
        <div className="ell sub t12">
          {request.images_complete
            ? t(request.acquired_at === null ? 'exam.received' : 'exam.acquired', { time })
            : t('exam.arriving')}
        </div>
      </td>
      <td className="ell">{placeName(request.examining, t.lang) || <Missing word="?" />}</td>
      <td className={styles.hint}>
        <Thumbnail request={request} />
        <HintCell request={request} />
      </td>
      <td className={styles.state}>
        <StateCell request={request} busy={busy} onClaim={() => onClaim(request)} />
      </td>
    </tr>
  );
});
