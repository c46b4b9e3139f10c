import { IconCheck } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { textOf } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import { Button, MachineBox, Tier } from '@/shared/ui';
import type { EcgDetail } from '../api/ecg';
import { useWords } from '../i18n';
import { evidenceLine, reportText } from '../model/evidence';
import { canLocate, type Finding, type Screening } from '../model/screening';
import styles from './ecg.module.css';

interface Props {
  readonly ecg: EcgDetail;
  readonly screening: Screening | null;
  readonly chosen: number | null;
  readonly onChoose: (position: number | null) => void;
  /** Puts a sentence into the report; missing where nobody writes here. */
  readonly onInsertText?: ((text: string) => void) | undefined;
}

/** What the machine saw, or why it says nothing. */
export function Hints({ ecg, screening, chosen, onChoose, onInsertText }: Props) {
  const t = useWords();
  return (
    <MachineBox>
      <State ecg={ecg} />
      {screening !== null && (
        <>
          <ol className={styles.hints}>
            {screening.findings.map((finding, position) => (
              <Hint
                // biome-ignore lint/suspicious/noArrayIndexKey: a finding is known by its place in the list
                key={position}
                finding={finding}
                chosen={position === chosen}
                onChoose={() => onChoose(position === chosen ? null : position)}
                onInsertText={onInsertText}
              />
            ))}
          </ol>
          <p className={`muted t12 ${styles.rules}`}>
            {t('hint.rules', { version: screening.rules_version })}
          </p>
        </>
      )}
    </MachineBox>
  );
}

function State({ ecg }: { ecg: EcgDetail }) {
  const t = useWords();
  const app = useShared();
  const absent = (title: string, what: string) => (
    <div className={styles.absent} role="status">
      <b>{title}</b>
      <p className="t12">{what}</p>
    </div>
  );
  switch (ecg.status) {
    case 'pending':
      return absent(app('machine.pending'), app('machine.pendingWhat'));
    case 'failed':
      return absent(app('machine.failed'), t('hint.failed', { reason: ecg.failure ?? '—' }));
    case 'off':
      return absent(app('machine.off'), t('hint.lookFirst'));
    case 'screened':
      if (ecg.severity === 'uninterpretable') {
        return absent(app('machine.uninterpretable'), app('machine.uninterpretableWhat'));
      }
      return ecg.findings.length === 0 ? absent(app('machine.noFindings'), t('hint.lookFirst')) : null;
  }
}

interface HintProps {
  readonly finding: Finding;
  readonly chosen: boolean;
  readonly onChoose: () => void;
  readonly onInsertText: ((text: string) => void) | undefined;
}

function Hint({ finding, chosen, onChoose, onInsertText }: HintProps) {
  const t = useWords();
  const [inserted, setInserted] = useState(false);
  useEffect(() => {
    if (!inserted) return;
    const timer = setTimeout(() => setInserted(false), 2000);
    return () => clearTimeout(timer);
  }, [inserted]);
  const urgent = finding.severity === 'red' || finding.severity === 'orange';
  const line = evidenceLine(finding.evidence, t);
  return (
    <li className={chosen ? styles.chosen : undefined}>
      <div className={styles.hintHead}>
        {urgent && <Tier tier={finding.severity} />}
        <span className={urgent ? `b ${styles.hintText}` : styles.hintText}>{textOf(finding, t.lang)}</span>
        <span className={styles.hintActs}>
          {canLocate(finding) && (
            <Button
              size="small"
              className={chosen ? 'on' : ''}
              aria-pressed={chosen}
              title={t('hint.locateWhat')}
              onClick={onChoose}
            >
              {t('hint.locate')}
            </Button>
          )}
          {onInsertText !== undefined && (
            <Button
              size="small"
              title={t('hint.insertWhat')}
              onClick={() => {
                onInsertText(reportText(finding));
                setInserted(true);
              }}
            >
              {inserted && <IconCheck size={14} />}
              {t(inserted ? 'hint.inserted' : 'hint.insert')}
            </Button>
          )}
        </span>
      </div>
      {line !== '' && <p className="sub t12">{line}</p>}
      {(chosen || urgent) && <p className="muted t12">{t('hint.source', { text: finding.source })}</p>}
    </li>
  );
}
