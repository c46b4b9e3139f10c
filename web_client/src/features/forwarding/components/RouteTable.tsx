import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { placeName } from '@/shared/format/format';
import { Button, Dialog, EmptyState, ErrorLine, Loading } from '@/shared/ui';
import {
  type Destination,
  type Institution,
  type Route,
  useInstitutions,
  useRemoveRoute,
  useRoutes,
  useSaveRoute,
} from '../api/useForwarding';
import { useWords } from '../i18n';
import { conditionsOf } from '../model';
import styles from './forwarding.module.css';
import { RouteForm } from './RouteForm';

/** By which rules what arrives goes on. */
export function RouteTable({ destinations }: { readonly destinations: readonly Destination[] }) {
  const t = useWords();
  const routes = useRoutes();
  const institutions = useInstitutions().data ?? [];
  const [edited, setEdited] = useState<Route | 'new' | null>(null);
  const [removed, setRemoved] = useState<Route | null>(null);
  return (
    <section className={styles.part} aria-label={t('part.routes')}>
      <div className={styles.head}>
        <h2 className="t14">{t('part.routes')}</h2>
        <span className="end" />
        <Button size="small" disabled={destinations.length === 0} onClick={() => setEdited('new')}>
          <IconPlus size={14} /> {t('act.add')}
        </Button>
      </div>
      {routes.error !== null && <ErrorLine error={routes.error} onRetry={() => void routes.refetch()} />}
      {routes.data === undefined ? (
        routes.error === null && <Loading />
      ) : routes.data.items.length === 0 ? (
        <EmptyState title={t('routes.empty')} lines={[t('routes.emptyWhat')]} />
      ) : (
        <table className="dt">
          <thead>
            <tr>
              <th scope="col">{t('col.destination')}</th>
              <th scope="col">{t('col.conditions')}</th>
              <th scope="col">{t('col.priority')}</th>
              <td />
            </tr>
          </thead>
          <tbody>
            {routes.data.items.map((route) => (
              <RouteRow
                key={route.id}
                route={route}
                institutions={institutions}
                onEdit={() => setEdited(route)}
                onRemove={() => setRemoved(route)}
              />
            ))}
          </tbody>
        </table>
      )}
      {edited !== null && (
        <RouteForm
          route={edited === 'new' ? null : edited}
          destinations={destinations}
          institutions={institutions}
          onClose={() => setEdited(null)}
        />
      )}
      {removed !== null && <RemoveDialog route={removed} onClose={() => setRemoved(null)} />}
    </section>
  );
}

interface RowProps {
  readonly route: Route;
  readonly institutions: readonly Institution[];
  readonly onEdit: () => void;
  readonly onRemove: () => void;
}

function RouteRow({ route, institutions, onEdit, onRemove }: RowProps) {
  const t = useWords();
  const save = useSaveRoute();
  const placeOf = (id: string): string => {
    const place = institutions.find((each) => each.id === id);
    return place === undefined ? id : placeName(place, t.lang);
  };
  const lines = conditionsOf(route, (each) => t(`form.${each}`), placeOf, t.lang === 'zh' ? '、' : ', ');
  const { id, destination_ae: ae, ...body } = route;
  return (
    <tr data-testid="route-row">
      <td>
        <b>{ae ?? '—'}</b>
        {ae === null && <div className="c-red t12">{t('route.lost')}</div>}
      </td>
      <td>
        {lines.length === 0 ? t('route.everything') : lines.map((line) => <div key={line}>{line}</div>)}
        {route.enabled === false && (
          <div>
            <span className="tag miss">{t('route.off')}</span>
          </div>
        )}
        {save.error !== null && (
          <ErrorLine error={save.error} texts={{ 'no-destination': t('error.no-destination') }} />
        )}
      </td>
      <td>{t(`priority.${route.priority ?? 'medium'}`)}</td>
      <td>
        <div className={styles.acts}>
          <Button size="small" onClick={onEdit}>
            {t('act.edit')}
          </Button>
          <Button
            kind="ghost"
            size="small"
            busy={save.isPending}
            onClick={() => save.mutate({ id, body: { ...body, enabled: route.enabled === false } })}
          >
            {t(route.enabled === false ? 'act.enable' : 'act.disable')}
          </Button>
          <Button kind="ghost" size="small" onClick={onRemove}>
            {t('act.remove')}
          </Button>
        </div>
      </td>
    </tr>
  );
}

function RemoveDialog({ route, onClose }: { readonly route: Route; readonly onClose: () => void }) {
  const t = useWords();
  const remove = useRemoveRoute();
  return (
    <Dialog title={t('remove.title')} open onClose={onClose}>
      <p>{t('remove.what', { ae: route.destination_ae ?? '—' })}</p>
      {remove.error !== null && <ErrorLine error={remove.error} />}
      <div className={styles.foot}>
        <Button onClick={onClose}>{t('act.cancel')}</Button>
        <Button
          kind="danger"
          busy={remove.isPending}
          onClick={() => remove.mutate(route.id, { onSuccess: onClose })}
        >
          {t('act.remove')}
        </Button>
      </div>
    </Dialog>
  );
}
