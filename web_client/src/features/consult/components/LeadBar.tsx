import { IconCheck, IconHandFinger } from '@tabler/icons-react';
import { useActions } from '@/shared/actions';
import { Button } from '@/shared/ui';
import { useWords } from '../i18n';
import type { ConsultSession } from '../model/session';
import styles from './consult.module.css';
import { useFollowing } from './useFollowing';
import { useRoom } from './useSession';

/** Above the stage, always: whose picture this is, and how to go along or take over. */
export function LeadBar({ session }: { session: ConsultSession }) {
  const t = useWords();
  const { leads, following, leaderName, leaderColor } = useFollowing(session);
  const joined = useRoom(session, (state) => state.phase === 'joined');
  const alone = useRoom(session, (state) => state.room.participants.length < 2);
  const turn = (): void => session.follow(!following);
  const take = (): void => session.takeLead();
  useActions([
    {
      name: t(following ? 'lead.unfollow' : 'lead.follow'),
      group: t('control.group'),
      keys: ['f'],
      hint: !leads,
      first: true,
      blocked: leads ? t('lead.mine') : null,
      perform: turn,
    },
    {
      name: t('lead.take'),
      group: t('control.group'),
      keys: ['l'],
      hint: !leads,
      first: true,
      blocked: leads ? t('lead.mine') : joined ? null : t('state.connecting'),
      perform: take,
    },
  ]);
  const name = leads
    ? t('lead.mine')
    : leaderName === null
      ? t('lead.nobody')
      : t('lead.by', { name: leaderName });
  return (
    <div className={styles.lead}>
      <span
        className={styles.leader}
        style={{ borderColor: leaderColor ?? undefined, color: leaderColor ?? undefined }}
      >
        <IconHandFinger size={16} />
        <span className="ell">{name}</span>
      </span>
      {leads ? (
        <span className="sub t13 ell">{t(alone ? 'lead.waiting' : 'lead.leading')}</span>
      ) : following ? (
        <span className="tag a" role="status">
          <IconCheck size={14} />
          {t('lead.following')}
        </span>
      ) : (
        <span className="tag o" role="status">
          {t('lead.alone')}
        </span>
      )}
      <span className="end" />
      {!leads && (
        <>
          <Button
            size="small"
            keys="f"
            data-testid="follow"
            aria-pressed={following}
            className={following ? '' : 'on'}
            onClick={turn}
          >
            {t(following ? 'lead.unfollow' : 'lead.follow')}
          </Button>
          <Button size="small" keys="l" data-testid="lead" disabled={!joined} onClick={take}>
            {t('lead.take')}
          </Button>
        </>
      )}
    </div>
  );
}
