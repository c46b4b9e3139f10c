import { IconClock, IconLock } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { countdown, placeName } from '@/shared/format/format';
import { useNow } from '@/shared/format/useNow';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { usePerson } from '@/shared/session/session';
import { Button, PatientLine, Tier } from '@/shared/ui';
import { useWords } from '../i18n';
import styles from './reading.module.css';

interface Props {
  readonly request: Request;
  readonly claiming: boolean;
  readonly onClaim: () => void;
  /** Further steps, such as a consult. */
  readonly children?: ReactNode;
}

const CLAIMABLE: readonly string[] = ['requested'];

/** Who is being read, until when, and who holds the case. */
export function CaseHead({ request, claiming, onClaim, children }: Props) {
  const t = useWords();
  const can = useCan();
  const me = usePerson().id;
  const holder = request.claimed_by;
  const free = holder === null && CLAIMABLE.includes(request.status) && can('request.claim');
  return (
    <header className={styles.head}>
      <Tier tier={request.risk} />
      <span className="t16">
        <PatientLine patient={request.patient} />
      </span>
      <span className="sub ell">{examOf(request)}</span>
      <span className={`muted ell ${styles.place}`}>{placeName(request.examining, t.lang)}</span>
      {request.emergency && <span className="tag r">{t('case.emergency')}</span>}
      {!request.images_complete && request.status !== 'completed' && (
        <span className="tag o">{t('case.incomplete')}</span>
      )}
      <span className="end" />
      {request.status !== 'completed' && <TimeLeft dueAt={request.due_at} />}
      {free ? (
        <Button kind="primary" size="small" data-testid="claim" busy={claiming} onClick={onClaim}>
          {t('case.claim')}
        </Button>
      ) : (
        <span className="sub t12 nw">
          <IconLock size={14} />{' '}
          {holder === null
            ? t('case.free')
            : holder.id === me
              ? t('case.mine')
              : t('case.by', { name: holder.display_name })}
        </span>
      )}
      {children}
    </header>
  );
}

/** Objects that come along with images and say nothing of what was examined. */
const BESIDE_IMAGES: readonly string[] = ['SR', 'DOC', 'PR', 'KO', 'OT'];

/** What was examined; its description mostly names the modality already. */
function examOf({ modalities, description }: Request): string {
  const kinds = modalities.filter((kind) => !BESIDE_IMAGES.includes(kind));
  if (!description) return kinds.join(' ');
  return kinds.some((kind) => description.includes(kind)) ? description : `${kinds.join(' ')} ${description}`;
}

function TimeLeft({ dueAt }: { dueAt: string }) {
  const t = useWords();
  const now = useNow();
  const left = Date.parse(dueAt) - now.getTime();
  const time = countdown(left);
  return (
    <time dateTime={dueAt} className={left < 0 ? 'b c-red' : 'b'}>
      <IconClock size={14} /> {t(left < 0 ? 'case.over' : 'case.left', { time })}
    </time>
  );
}
