import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { usePerson } from '@/shared/session/session';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import { claimable } from '../model/rows';
import styles from './worklist.module.css';

interface Props {
  readonly request: Request;
  readonly busy: boolean;
  readonly onClaim: () => void;
}

/** Where a case stands and who holds it; free, it can be taken here. */
export function StateCell({ request, busy, onClaim }: Props) {
  const t = useWords();
  const can = useCan();
  const me = usePerson().id;
  const holder = request.claimed_by;
  const report = request.report === null ? null : t.maybe(`report.${request.report.status}`);
  const state = report ?? t.maybe(`state.${request.status}`) ?? request.status;
  const line = request.ringing
    ? t(holder === null ? 'state.ringing' : 'state.notOpened')
    : holder === null
      ? request.status === 'requested'
        ? t('state.any')
        : (request.return_comment ?? '')
      : holder.id === me
        ? t('state.mine')
        : holder.display_name;
  return (
    <>
      <div className="grow">
        <div className={claimable(request) ? styles.free : 'ell'}>{state}</div>
        <div className={request.ringing ? 'c-red t12 ell' : 'sub t12 ell'}>{line}</div>
      </div>
      {claimable(request) && can('request.claim') && (
        <Button
          size="small"
          className={styles.claim ?? ''}
          data-testid="claim"
          busy={busy}
          tabIndex={-1}
          onClick={(event) => {
            event.stopPropagation();
            onClaim();
          }}
        >
          {t('act.claim')}
        </Button>
      )}
    </>
  );
}
