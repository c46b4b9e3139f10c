import { Outlet, useRouter } from '@tanstack/react-router';
import { Suspense, useEffect } from 'react';
import { ConsultBell } from '@/features/consult';
import { UploadsGoOn } from '@/features/inbox';
import { AlarmBanner } from '@/features/worklist';
import { useActions } from '@/shared/actions';
import { performKey } from '@/shared/actions/registry';
import { useShared } from '@/shared/i18n';
import { RequestEvents } from '@/shared/requests/RequestEvents';
import { useCan } from '@/shared/session/permissions';
import { ActionSheets } from './ActionSheets';
import { pages } from './pages';
import { StaleBanner, StatusBar } from './StatusBar';
import { TopBar } from './TopBar';

/** What stays around every page. */
export function Shell() {
  const t = useShared();
  const can = useCan();
  const router = useRouter();
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (performKey(event)) event.preventDefault();
    };
    document.addEventListener('keydown', onKey);
    return () => document.removeEventListener('keydown', onKey);
  }, []);
  useActions(
    pages.flatMap(({ nav, needs, path }) =>
      nav === undefined || !can(needs)
        ? []
        : [{ name: t(nav), group: t('nav.label'), perform: () => void router.navigate({ to: path }) }],
    ),
  );
  return (
    <div className="shell">
      <TopBar />
      <div className="middle">
        <Suspense>{can('request.claim') && <AlarmBanner />}</Suspense>
        <Suspense>{can('consult.join') && <ConsultBell />}</Suspense>
        <StaleBanner />
        <main className="content" id="page" tabIndex={-1}>
          <Outlet />
        </main>
      </div>
      <StatusBar />
      <ActionSheets />
      <RequestEvents />
      <Suspense>{can('exam.create') && <UploadsGoOn />}</Suspense>
    </div>
  );
}
