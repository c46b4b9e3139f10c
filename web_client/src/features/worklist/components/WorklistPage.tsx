import { IconRefresh } from '@tabler/icons-react';
import { useNavigate, useSearch } from '@tanstack/react-router';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useActions } from '@/shared/actions';
import { clock } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import { usePerson } from '@/shared/session/session';
import { Button, EmptyState, ErrorLine, ErrorNotice, Loading } from '@/shared/ui';
import { useOpen } from '../api/useClaim';
import { useWorklist } from '../api/useWorklist';
import { useWords } from '../i18n';
import { type Filters, filtersOf, narrowed } from '../model/filters';
import { claimable, moved, rowsOf } from '../model/rows';
import { FilterRail, Search } from './Filters';
import { PreviewPanel } from './PreviewPanel';
import { WorklistTable } from './WorklistTable';
import styles from './worklist.module.css';

/** The cases in order of risk and time; reading starts here, by keyboard. */
export default function WorklistPage() {
  const t = useWords();
  const filters = useFilters();
  const list = useWorklist(filters.filters);
  const { requests } = list;
  const places = usePlaces(requests);
  const [selected, setSelected] = useState<string | null>(null);
  const [keyboard, setKeyboard] = useState(false);
  const [preview, setPreview] = useState(false);
  const opening = useOpen();
  const search = useRef<HTMLInputElement>(null);
  const rows = useMemo(() => rowsOf(requests, filters.filters.view), [requests, filters.filters.view]);
  const current = requests.find(({ id }) => id === selected) ?? requests[0] ?? null;

  const open = useCallback(
    // A refusal is shown above the list; there is nothing else to do about it.
    (request: Request) => void opening.open(request).catch(() => {}),
    [opening.open],
  );
  const claim = useCallback(
    (request: Request) => opening.mutate({ request, step: 'claim' }),
    [opening.mutate],
  );
  const move = (by: 1 | -1): void => {
    setKeyboard(true);
    setSelected(moved(requests, current?.id ?? null, selected === null ? -1 : by));
  };
  const more = useCallback(() => {
    if (list.hasNextPage && !list.isFetchingNextPage && !list.isFetchNextPageError) void list.fetchNextPage();
  }, [list.hasNextPage, list.isFetchingNextPage, list.isFetchNextPageError, list.fetchNextPage]);
  useListActions({
    current,
    preview,
    move,
    open,
    claim: opening.mutate,
    search,
    setPreview,
    reload: list.refetch,
  });

  return (
    <div className={preview && current !== null ? `${styles.page} ${styles.previewing}` : styles.page}>
      <h1 className="sr">{t('title')}</h1>
      <FilterRail filters={filters.filters} onChange={filters.set} places={places} />
      <section className={styles.main} aria-label={t('title')}>
        <div className={styles.bar}>
          <Search filters={filters.filters} onChange={filters.set} field={search} />
          {narrowed(filters.filters) && (
            <Button size="small" onClick={() => filters.set({ view: filters.filters.view })}>
              {t('filter.clear')}
            </Button>
          )}
          <span className="end sub t13" role="status">
            {list.counts !== null && t('counts.all', list.counts)}
          </span>
          <Button
            kind="ghost"
            size="small"
            aria-label={t('act.reload')}
            busy={list.isRefetching}
            onClick={() => void list.refetch()}
          >
            <IconRefresh size={16} />
          </Button>
        </div>
        <Problems list={list} opening={opening} />
        <Body
          list={list}
          filters={filters.filters}
          onClear={() => filters.set({ view: filters.filters.view })}
        >
          <WorklistTable
            rows={rows}
            selected={current?.id ?? null}
            focus={keyboard}
            claiming={opening.isPending ? opening.variables.request.id : null}
            onSelect={(id) => {
              setKeyboard(true);
              setSelected(id);
            }}
            onOpen={open}
            onClaim={claim}
            onEnd={more}
          />
          {list.isFetchingNextPage && <p className={styles.more}>{t('list.more')}</p>}
        </Body>
      </section>
      {preview && current !== null && <PreviewPanel request={current} onClose={() => setPreview(false)} />}
    </div>
  );
}

function useFilters(): { filters: Filters; set: (filters: Filters) => void } {
  const search = useSearch({ strict: false }) as Record<string, unknown>;
  const navigate = useNavigate();
  const written = JSON.stringify(filtersOf(search));
  const filters = useMemo(() => JSON.parse(written) as Filters, [written]);
  const set = useCallback(
    (next: Filters) => {
      const { view, ...rest } = next;
      const set = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== undefined));
      void navigate({ to: '/worklist', search: view === 'open' ? set : { view, ...set }, replace: true });
    },
    [navigate],
  );
  return { filters, set };
}

/** The places seen so far: a filter must not take away the choice of the others. */
function usePlaces(requests: readonly Request[]): readonly Request['examining'][] {
  const [places, setPlaces] = useState<readonly Request['examining'][]>([]);
  useEffect(() => {
    setPlaces((known) => {
      const unknown = requests
        .map(({ examining }) => examining)
        .filter(({ id }) => known.every((each) => each.id !== id));
      const fresh = [...new Map(unknown.map((place) => [place.id, place])).values()];
      return fresh.length === 0 ? known : [...known, ...fresh];
    });
  }, [requests]);
  return places;
}

interface ListActions {
  readonly current: Request | null;
  readonly preview: boolean;
  readonly move: (by: 1 | -1) => void;
  readonly open: (request: Request) => void;
  readonly claim: ReturnType<typeof useOpen>['mutate'];
  readonly search: { readonly current: HTMLInputElement | null };
  readonly setPreview: (open: boolean) => void;
  readonly reload: () => unknown;
}

function useListActions({
  current,
  preview,
  move,
  open,
  claim,
  search,
  setPreview,
  reload,
}: ListActions): void {
  const t = useWords();
  const can = useCan();
  const me = usePerson().id;
  const group = t('title');
  const mine = current?.claimed_by?.id === me && current.status === 'received';
  const takes = current !== null && claimable(current) && can('request.claim');
  useActions([
    {
      name: t('act.next'),
      group,
      keys: ['j', 'ArrowDown'],
      keyOnly: true,
      hint: true,
      perform: () => move(1),
    },
    {
      name: t('act.previous'),
      group,
      keys: ['k', 'ArrowUp'],
      keyOnly: true,
      hint: true,
      perform: () => move(-1),
    },
    {
      name: t(takes ? 'act.openAndClaim' : 'act.open'),
      group,
      keys: ['Enter'],
      hint: true,
      perform: () => current !== null && open(current),
    },
    { name: t('act.preview'), group, keys: ['Space'], hint: true, perform: () => setPreview(!preview) },
    { name: t('act.search'), group, keys: ['/'], hint: true, perform: () => search.current?.focus() },
    { name: t('act.reload'), group, perform: () => void reload() },
    ...(mine && current !== null
      ? [
          {
            name: t('act.release'),
            group,
            perform: () => claim({ request: current, step: 'release' as const }),
          },
        ]
      : []),
  ]);
}

function Problems({
  list,
  opening,
}: {
  readonly list: ReturnType<typeof useWorklist>;
  readonly opening: ReturnType<typeof useOpen>;
}) {
  const t = useWords();
  const texts = {
    'already-claimed': t('error.already-claimed'),
    'request-state-conflict': t('error.request-state-conflict'),
  };
  return (
    <>
      {opening.error !== null && <ErrorLine error={opening.error} texts={texts} />}
      {list.error !== null && list.data !== undefined && (
        <div className="banner" role="alert">
          <span className="grow">
            {t('list.refreshFailed', { time: clock(new Date(list.dataUpdatedAt)) })}
          </span>
        </div>
      )}
    </>
  );
}

function Body({
  list,
  filters,
  onClear,
  children,
}: {
  readonly list: ReturnType<typeof useWorklist>;
  readonly filters: Filters;
  readonly onClear: () => void;
  readonly children: React.ReactNode;
}) {
  const t = useWords();
  const app = useShared();
  if (list.data === undefined) {
    if (list.error === null) return <Loading what={t('list.loading')} />;
    return <ErrorNotice title={t('list.failed')} error={list.error} onRetry={() => void list.refetch()} />;
  }
  if (list.requests.length > 0) return children;
  if (narrowed(filters)) {
    return (
      <EmptyState title={t('empty.filtered')} lines={[t('empty.filteredWhat')]}>
        <Button kind="primary" onClick={onClear}>
          {t('filter.clear')}
        </Button>
      </EmptyState>
    );
  }
  const lines = filters.view === 'open' ? [t('empty.openWhat')] : [];
  return <EmptyState title={t(`empty.${filters.view}`)} lines={lines} key={app.lang} />;
}
