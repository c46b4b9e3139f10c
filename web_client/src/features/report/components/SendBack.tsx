import { type FormEvent, useState } from 'react';
import type { Request } from '@/shared/requests/requests';
import { Button, ErrorLine } from '@/shared/ui';
import { useSendBack } from '../api/useReport';
import { useWords } from '../i18n';
import { type ReturnReason, returnReasons } from '../model/steps';
import styles from './report.module.css';

/** Gives the exam back to where it was made (质控退回), with words to act on. */
export function SendBack({ request }: { request: Request }) {
  const t = useWords();
  const [asking, setAsking] = useState(false);
  const [reason, setReason] = useState<ReturnReason>('poor-quality');
  const [comment, setComment] = useState('');
  const mutation = useSendBack(request.id);
  const words = comment.trim();
  const lacking = reason === 'other' && words === '';
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (!lacking) mutation.mutate({ reason, comment: words === '' ? null : words });
  };
  if (!asking) {
    return (
      <Button kind="ghost" size="small" data-testid="send-back" onClick={() => setAsking(true)}>
        {t('sendBack.open')}
      </Button>
    );
  }
  return (
    <form className={styles.reason} onSubmit={send}>
      {mutation.error !== null && <ErrorLine error={mutation.error} />}
      <label>
        <span className="sub t12">{t('sendBack.reason')}</span>
        <select
          value={reason}
          // biome-ignore lint/a11y/noAutofocus: the form was asked for by the press before
          autoFocus
          onChange={(event) => setReason(event.target.value as ReturnReason)}
        >
          {returnReasons(request.kind).map((each) => (
            <option key={each} value={each}>
              {t(`sendBack.${each}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span className="sub t12">{t('sendBack.comment')}</span>
        <textarea
          value={comment}
          rows={2}
          maxLength={500}
          onChange={(event) => setComment(event.target.value)}
        />
      </label>
      <div className="row">
        <Button kind="primary" type="submit" busy={mutation.isPending} disabled={lacking}>
          {t('sendBack.send')}
        </Button>
        <Button onClick={() => setAsking(false)}>{t('act.cancel')}</Button>
        {lacking && <span className="sub t12">{t('form.needed')}</span>}
      </div>
    </form>
  );
}
