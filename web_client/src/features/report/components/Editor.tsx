import { IconFileText } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import { useActions } from '@/shared/actions';
import type { ReportOut } from '@/shared/api/types';
import { clock } from '@/shared/format/format';
import type { Request } from '@/shared/requests/requests';
import { Button, ErrorLine, Loading, Source } from '@/shared/ui';
import { useStep } from '../api/useReport';
import { useWords } from '../i18n';
import { BLANK, type Draft, withSentence, withTemplate } from '../model/draft';
import type { DraftKeeper, KeeperState } from '../model/keeper';
import { authorsStep, missingFor } from '../model/steps';
import type { Writer } from '../model/writer';
import { Comments } from './Comments';
import { Conflict } from './Conflict';
import { Critical } from './Critical';
import { Missing } from './Missing';
import styles from './report.module.css';
import { SaveProblem } from './SaveProblem';
import { SendBack } from './SendBack';
import { Templates } from './Templates';
import { stepTexts } from './texts';
import { useKeeper, useKeeperState } from './useKeeper';

interface Props {
  readonly request: Request;
  readonly report: ReportOut | null;
  readonly onWriter?: ((writer: Writer | null) => void) | undefined;
}

/** The draft, for whoever holds the case. */
export function Editor({ request, report, onWriter }: Props) {
  const keeper = useKeeper(request.id, report);
  return keeper === null ? (
    <Loading />
  ) : (
    <Writing request={request} report={report} onWriter={onWriter} keeper={keeper} />
  );
}

function Writing({ request, report, onWriter, keeper }: Props & { readonly keeper: DraftKeeper }) {
  const t = useWords();
  const state = useKeeperState(keeper);
  const [choosing, setChoosing] = useState(false);
  const findings = useRef<HTMLTextAreaElement>(null);
  const impression = useRef<HTMLTextAreaElement>(null);
  const advance = useAdvance(request, report, keeper, state);
  const { draft } = state;
  useEffect(() => {
    onWriter?.({ insert: (text) => keeper.edit(withSentence(keeper.state.draft, text)) });
    return () => onWriter?.(null);
  }, [onWriter, keeper]);
  const toBlank = (): void => selectBlank([findings.current, impression.current]);
  useActions([
    {
      name: t('template.open'),
      group: t('title'),
      keys: ['F2'],
      hint: true,
      perform: () => setChoosing(true),
    },
    { name: t('blank.next'), group: t('title'), keys: ['F3'], keyOnly: true, perform: toBlank },
    {
      name: t(`act.${advance.step}`),
      group: t('title'),
      keys: ['Ctrl+Enter'],
      blocked: advance.ready ? null : t('missing.title', { n: advance.missing.length, items: '' }),
      perform: advance.go,
    },
  ]);
  const suspected = request.risk === 'red';
  const critical = (
    <Critical
      suspected={suspected}
      critical={draft.critical}
      onDecide={(decided) => keeper.edit({ critical: decided })}
    />
  );
  return (
    <>
      <h2 className="ph">
        <IconFileText size={16} /> {t('title')}
        <span className={styles.light}>{t(`status.${(report?.status ?? 'none') as 'none'}`)}</span>
        <SavedAt state={state} />
      </h2>
      <div className={styles.body}>
        <SaveProblem state={state} />
        {state.phase === 'conflict' && <Conflict state={state} keeper={keeper} />}
        {state.aside !== null && (
          <p className={styles.note}>
            {t('aside.what')}{' '}
            <Button size="small" onClick={() => keeper.takeBack()}>
              {t('aside.takeBack')}
            </Button>
          </p>
        )}
        {report !== null && <Comments report={report} />}
        <div className="row">
          <Button size="small" keys="F2" onClick={() => setChoosing(true)}>
            {t('template.open')}
          </Button>
          {(draft.findings + draft.impression).includes(BLANK) && (
            <Button size="small" keys="F3" onClick={toBlank}>
              {t('blank.next')}
            </Button>
          )}
        </div>
        <Field
          name="findings"
          label={t('findings')}
          field={findings}
          value={draft.findings}
          onChange={(text) => keeper.edit({ findings: text })}
        />
        <Field
          name="impression"
          label={t('impression')}
          field={impression}
          value={draft.impression}
          onChange={(text) => keeper.edit({ impression: text })}
        />
        {!suspected && critical}
      </div>
      <footer className={styles.foot}>
        {suspected && critical}
        {advance.error !== null && <ErrorLine error={advance.error} texts={stepTexts(t)} />}
        <Button
          kind="primary"
          size="tall"
          keys="Ctrl+Enter"
          data-testid={advance.step === 'sign' ? 'sign' : 'submit-review'}
          busy={advance.busy}
          disabled={!advance.ready}
          aria-describedby="report-missing"
          onClick={advance.go}
        >
          {t(`act.${advance.step}`)}
        </Button>
        <Missing
          codes={advance.missing}
          ready={t(advance.step === 'sign' ? 'missing.ready' : 'missing.readySubmit')}
        />
        <SendBack request={request} />
      </footer>
      <Templates
        request={request}
        open={choosing}
        onClose={() => setChoosing(false)}
        onChoose={(template) => {
          keeper.edit(withTemplate(keeper.state.draft, template));
          setChoosing(false);
          // After the dialog has given the focus back and the text is drawn.
          setTimeout(() => selectBlank([findings.current, impression.current], true));
        }}
      />
    </>
  );
}

/** The author's next step: everything saved first, then submitted or signed. */
function useAdvance(request: Request, report: ReportOut | null, keeper: DraftKeeper, state: KeeperState) {
  const step = authorsStep(request);
  const mutation = useStep(request.id);
  const [flushing, setFlushing] = useState(false);
  const missing = [...unsettled(state), ...missingFor(step, state.draft, request, report)];
  const ready = missing.length === 0;
  const busy = flushing || mutation.isPending;
  const go = async (): Promise<void> => {
    if (!ready || busy) return;
    setFlushing(true);
    const saved = await keeper.flush();
    setFlushing(false);
    if (saved !== null) mutation.mutate({ step, report: saved });
  };
  return { step, missing, ready, busy, error: mutation.error, go: () => void go() };
}

/** A text that the server does not take is not submitted. */
function unsettled({ phase }: KeeperState): readonly string[] {
  return phase === 'conflict' || phase === 'refused' ? [phase] : [];
}

interface FieldProps {
  readonly name: keyof Draft;
  readonly label: string;
  readonly field: React.RefObject<HTMLTextAreaElement | null>;
  readonly value: string;
  readonly onChange: (text: string) => void;
}

function Field({ name, label, field, value, onChange }: FieldProps) {
  return (
    <label className={`${styles.field} ${styles[name]}`}>
      <span className={styles.label}>
        <Source by="doctor" /> {label}
      </span>
      <textarea
        ref={field}
        value={value}
        maxLength={10_000}
        spellCheck={false}
        data-testid={`report-${name}`}
        onChange={(event) => onChange(event.target.value)}
      />
    </label>
  );
}

function SavedAt({ state }: { state: KeeperState }) {
  const t = useWords();
  const { phase, savedAt } = state;
  const saved = savedAt === null ? '' : t('state.saved', { time: clock(savedAt) });
  const said = phase === 'saved' ? saved : t(`state.${phase}`);
  const bad = phase === 'later' || phase === 'refused' || phase === 'conflict';
  return (
    <span className={`end t12 ${bad ? styles.bad : styles.light}`} role="status" data-testid="report-state">
      {said}
    </span>
  );
}

/** Selects the blank after the cursor, and begins again from the top; `fromTop` does so at once. */
function selectBlank(fields: readonly (HTMLTextAreaElement | null)[], fromTop = false): void {
  const there = fields.filter((field) => field !== null);
  const places = there.flatMap((field, order) =>
    [...field.value.matchAll(new RegExp(BLANK, 'g'))].map(({ index }) => ({ field, order, index })),
  );
  const here = fromTop ? -1 : there.findIndex((field) => document.activeElement?.isSameNode(field));
  const cursor = there[here]?.selectionEnd ?? 0;
  const next =
    places.find(({ order, index }) => order > here || (order === here && index >= cursor)) ?? places[0];
  const field = next?.field ?? (fromTop ? there[0] : undefined);
  field?.focus();
  if (next !== undefined) next.field.setSelectionRange(next.index, next.index + BLANK.length);
}
