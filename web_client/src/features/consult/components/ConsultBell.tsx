import { IconBellRinging } from '@tabler/icons-react';
import { useMatchRoute, useNavigate } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { useCan } from '@/shared/session/permissions';
import { usePerson } from '@/shared/session/session';
import { Button } from '@/shared/ui';
import { openerOf, useOpenConsults } from '../api/consults';
import { useWords } from '../i18n';
import { ring } from '../model/ring';
import styles from './consult.module.css';

/** Rings where somebody else opened a consult that waits for this side: a line above the page, never over it. */
export default function ConsultBell() {
  const t = useWords();
  const can = useCan();
  const navigate = useNavigate();
  const match = useMatchRoute();
  const { id: me } = usePerson();
  const [later, setLater] = useState<ReadonlySet<string>>(new Set());
  const listens = can('consult.join');
  const open = useOpenConsults(listens);
  const inRoom = match({ to: '/consult/$consultId' });
  const calls = (open.data?.items ?? []).filter(
    ({ id, opened_by, participants }) =>
      opened_by.id !== me && !later.has(id) && !participants.some((one) => one.id === me),
  );
  const call = inRoom === false ? calls[0] : undefined;
  const id = call?.id;
  useEffect(() => (id === undefined ? undefined : ring()), [id]);
  if (!listens || call === undefined) return null;
  const quiet = (): void => setLater(new Set([...later, call.id]));
  return (
    <div className={styles.bell} role="alert">
      <IconBellRinging size={18} className="pulse" />
      <b className="ell">{t('ring.text', { name: openerOf(call, t.lang) })}</b>
      <span className="end" />
      <Button
        kind="primary"
        size="small"
        onClick={() => {
          quiet();
          void navigate({ to: '/consult/$consultId', params: { consultId: call.id } });
        }}
      >
        {t('ring.join')}
      </Button>
      <Button size="small" onClick={quiet}>
        {t('ring.later')}
      </Button>
    </div>
  );
}
