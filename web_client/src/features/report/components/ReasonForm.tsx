import { type FormEvent, useState } from 'react';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import styles from './report.module.css';

export type Reason = 'return' | 'takeBack' | 'amend';
export type AmendKind = 'amended' | 'corrected' | 'appended';

interface Props {
  readonly reason: Reason;
  readonly busy: boolean;
  readonly onCancel: () => void;
  readonly onSend: (text: string, kind: AmendKind) => void;
}

const SEND = { return: 'form.send', takeBack: 'form.sendTakeBack', amend: 'form.sendAmend' } as const;
const KINDS: readonly AmendKind[] = ['amended', 'corrected', 'appended'];

/** Why a report goes back or is changed: who gets it reads this. */
export function ReasonForm({ reason, busy, onCancel, onSend }: Props) {
  const t = useWords();
  const [text, setText] = useState('');
  const [kind, setKind] = useState<AmendKind>('amended');
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (text.trim() !== '') onSend(text.trim(), kind);
  };
  return (
    <form className={styles.reason} onSubmit={send}>
      {reason === 'amend' && (
        <fieldset className={`seg ${styles.kinds}`} aria-label={t('amend.kind')}>
          {KINDS.map((each) => (
            <button key={each} type="button" aria-pressed={kind === each} onClick={() => setKind(each)}>
              {t(`amend.${each}`)}
            </button>
          ))}
        </fieldset>
      )}
      <label>
        <span className="sub t12">{t(`form.${reason}`)}</span>
        <textarea
          value={text}
          maxLength={reason === 'amend' ? 500 : 1000}
          rows={3}
          // biome-ignore lint/a11y/noAutofocus: the form was asked for by the press before
          autoFocus
          data-testid="reason"
          onChange={(event) => setText(event.target.value)}
        />
      </label>
      <div className="row">
        <Button
          kind="primary"
          type="submit"
          busy={busy}
          disabled={text.trim() === ''}
          data-testid="reason-send"
        >
          {t(SEND[reason])}
        </Button>
        <Button onClick={onCancel}>{t('act.cancel')}</Button>
        {text.trim() === '' && <span className="sub t12">{t('form.needed')}</span>}
      </div>
    </form>
  );
}
