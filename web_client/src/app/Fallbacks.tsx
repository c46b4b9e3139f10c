import { IconAlertTriangle, IconLock, IconMapOff } from '@tabler/icons-react';
import { Link } from '@tanstack/react-router';
import { useShared } from '@/shared/i18n';
import { Button, Notice } from '@/shared/ui';

export function NotFound() {
  const t = useShared();
  return (
    <div className="page">
      <Notice icon={<IconMapOff />} title={t('page.notFound')} lines={[t('page.notFoundWhat')]}>
        <Link className="btn p" to="/">
          {t('nav.home')}
        </Link>
      </Notice>
    </div>
  );
}

export function Forbidden() {
  const t = useShared();
  return (
    <div className="page">
      <Notice icon={<IconLock />} title={t('page.forbidden')} lines={[t('page.forbiddenWhat')]} />
    </div>
  );
}

/** A page that threw, or whose chunk did not come (an update took it away, or the network did). */
export function PageFailed({ error, reset }: { error: unknown; reset: () => void }) {
  const t = useShared();
  const chunk = error instanceof TypeError && /import|module/i.test(error.message);
  const code = error instanceof Error ? error.name : 'unknown';
  return (
    <div className="page">
      <Notice
        icon={<IconAlertTriangle />}
        title={t(chunk ? 'page.loadFailed' : 'page.failed')}
        lines={[chunk ? t('page.loadFailedWhat') : t('page.failedWhat', { code })]}
        role="alert"
      >
        {chunk ? (
          <Button kind="primary" onClick={() => location.reload()}>
            {t('action.refresh')}
          </Button>
        ) : (
          <Button kind="primary" onClick={reset}>
            {t('action.retry')}
          </Button>
        )}
      </Notice>
    </div>
  );
}
