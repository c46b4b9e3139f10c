import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { EcgWorkspace } from '@/features/ecg';
import { useShared } from '@/shared/i18n';
import { requestQuery } from '@/shared/requests/requests';
import { ErrorNotice, Loading, Notice } from '@/shared/ui';

/** `/ecg/$requestId`: an ECG and its report. */
export default function EcgPage() {
  const t = useShared();
  const { requestId = '' } = useParams({ strict: false });
  const request = useQuery(requestQuery(requestId));
  if (request.isPending) return <Loading />;
  if (request.isError) {
    return (
      <ErrorNotice
        title={t('page.loadFailed')}
        error={request.error}
        onRetry={() => void request.refetch()}
      />
    );
  }
  const { ecg_id: ecgId } = request.data;
  if (ecgId === null)
    return <Notice title={t('page.notFound')} lines={[t('page.notFoundWhat')]} role="alert" />;
  return <EcgWorkspace key={ecgId} request={request.data} ecgId={ecgId} />;
}
