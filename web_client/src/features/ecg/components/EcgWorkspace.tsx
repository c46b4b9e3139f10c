import { useQuery } from '@tanstack/react-query';
import { type ReactNode, type RefObject, useMemo, useState } from 'react';
import { useActions } from '@/shared/actions';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import { ErrorNotice, Loading } from '@/shared/ui';
import { ecgQuery, originalUrl, previousQuery, waveformQuery } from '../api/ecg';
import { useWords } from '../i18n';
import { beatTimes, canLocate, firstSecond, marksOf, type Screening, screeningOf } from '../model/screening';
import { type EcgView, showing, USUAL_VIEW } from '../model/view';
import { CaseHeader, type Claiming } from './CaseHeader';
import { EcgPaper } from './EcgPaper';
import styles from './ecg.module.css';
import { Hints } from './Hints';
import { MeasurementTable } from './MeasurementTable';

interface Props {
  readonly request: Request;
  readonly ecgId: string;
  /** Puts a hint's sentence into the report; missing where nobody writes here. */
  readonly onInsertText?: ((text: string) => void) | undefined;
  /** The physician's conclusion so far, for the table. */
  readonly impression?: string | null;
  readonly claiming?: Claiming | undefined;
  /** Beside the case's name: further steps, such as a consult. */
  readonly steps?: ReactNode;
  /** Under the header: what did not succeed. */
  readonly notice?: ReactNode;
  /** A place for the keyboard to come back to from the report. */
  readonly place?: RefObject<HTMLElement | null>;
  /** Beneath the machine's box: the report. */
  readonly children?: ReactNode;
}

/** An ECG to be read: the paper, who measured what, what the machine saw, and the report beside it. */
export function EcgWorkspace({ request, ecgId, onInsertText, impression = null, ...rest }: Props) {
  const { claiming, steps, notice, place, children } = rest;
  const t = useWords();
  const app = useShared();
  const ecg = useQuery(ecgQuery(ecgId));
  const waveform = useQuery(waveformQuery(ecgId, 0));
  const previous = useQuery(previousQuery(ecgId));
  const [view, setView] = useState<EcgView>(USUAL_VIEW);
  const [picked, setPicked] = useState<number | null | undefined>(undefined);
  const screening = useMemo(() => (ecg.data === undefined ? null : screeningOf(ecg.data)), [ecg.data]);
  const beats = useMemo(() => (screening === null ? undefined : beatTimes(screening)), [screening]);
  const chosen = picked === undefined ? gravest(screening) : picked;
  const finding = chosen === null ? undefined : screening?.findings[chosen];
  const marks = useMemo(() => (finding === undefined ? null : marksOf(finding)), [finding]);

  const choose = (position: number | null): void => {
    setPicked(position);
    const next = position === null ? undefined : screening?.findings[position];
    const second = next === undefined || screening === null ? null : firstSecond(screening, next);
    if (second !== null) setView((current) => showing(current, second));
  };
  const step = (by: 1 | -1): void => {
    const places = (screening?.findings ?? []).flatMap((each, k) => (canLocate(each) ? [k] : []));
    if (places.length === 0) return;
    const at = chosen === null ? -1 : places.indexOf(chosen);
    choose(places[(at + by + places.length) % places.length] ?? null);
  };
  const group = t('group.hints');
  useActions([
    { name: t('action.nextHint'), group, keys: ['n'], perform: () => step(1), hint: true },
    { name: t('action.previousHint'), group, keys: ['p'], perform: () => step(-1) },
  ]);

  if (ecg.isPending) return <Loading what={t('page.loading')} />;
  if (ecg.isError) {
    return <ErrorNotice title={t('page.failed')} error={ecg.error} onRetry={() => void ecg.refetch()} />;
  }
  return (
    <div className={styles.workspace}>
      <section className={styles.main} aria-label={t('page.title')} ref={place} tabIndex={-1}>
        <CaseHeader request={request} claiming={claiming}>
          {steps}
        </CaseHeader>
        {notice}
        <EcgPaper
          ecgId={ecgId}
          patientName={request.patient.name ?? app('patient.noName')}
          beats={beats}
          marks={marks}
          previous={previous.data?.median ?? null}
          view={view}
          onView={setView}
        />
        <MeasurementTable
          original={originalUrl(ecgId)}
          screening={screening}
          deviceStatements={waveform.data?.device_statements ?? []}
          deviceMeasurements={waveform.data?.device_measurements ?? {}}
          previous={previous.data}
          impression={impression}
        />
      </section>
      <div className={styles.side}>
        <div className={children === undefined ? styles.hintsAlone : styles.hintsAbove}>
          <Hints
            ecg={ecg.data}
            screening={screening}
            chosen={chosen}
            onChoose={choose}
            onInsertText={onInsertText}
          />
        </div>
        {children !== undefined && <div className={styles.report}>{children}</div>}
      </div>
    </div>
  );
}

/** What is shown before anybody chose: the gravest finding that has a place on the paper. */
function gravest(screening: Screening | null): number | null {
  const position = (screening?.findings ?? []).findIndex(
    (each) => canLocate(each) && (each.severity === 'red' || each.severity === 'orange'),
  );
  return position < 0 ? null : position;
}
