import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense, useRef, useState } from 'react';
import { EcgWorkspace } from '@/features/ecg';
import { useReport } from '@/features/report/api/useReport';
import type { Writer } from '@/features/report/model/writer';
import { api, bodyOf } from '@/shared/api';
import { useShared } from '@/shared/i18n';
import { keepRequest, REQUESTS, type Request, requestQuery } from '@/shared/requests/requests';
import { useOpened } from '@/shared/requests/useOpened';
import { ErrorLine, ErrorNotice, Loading, Notice } from '@/shared/ui';

// The paper stands first, and needs neither: an alarm is looked at before it is written or talked about.
const ReportPanel = lazy(() =>
  import('@/features/report').then((loaded) => ({ default: loaded.ReportPanel })),
);
const ExportLink = lazy(() =>
  import('@/features/export/components/ExportLink').then((loaded) => ({ default: loaded.ExportLink })),
);
const ConsultButton = lazy(() =>
  import('@/features/consult/components/ConsultButton').then((loaded) => ({ default: loaded.ConsultButton })),
);

/** One ECG case: its paper, what the machine saw, and its report beside them. */
export default function EcgPage() {
  const t = useShared();
  const { requestId = '' } = useParams({ strict: false });
  const { data: request, error, refetch } = useQuery(requestQuery(requestId));
  if (request === undefined) {
    return error === null ? (
      <Loading />
    ) : (
      <ErrorNotice title={t('page.loadFailed')} error={error} onRetry={() => void refetch()} />
    );
  }
  if (request.ecg_id === null) {
    return <Notice title={t('page.notFound')} lines={[t('page.notFoundWhat')]} role="alert" />;
  }
  return <Case key={request.id} request={request} ecgId={request.ecg_id} />;
}

function Case({ request, ecgId }: { request: Request; ecgId: string }) {
  const queries = useQueryClient();
  const paper = useRef<HTMLElement>(null);
  const [writer, setWriter] = useState<Writer | null>(null);
  const { data: report } = useReport(request);
  useOpened(request);
  const claim = useMutation({
    mutationFn: () =>
      bodyOf(api.POST('/api/requests/{request_id}/claim', { params: { path: { request_id: request.id } } })),
    onSuccess: (fresh) => keepRequest(queries, fresh),
    onError: () => queries.invalidateQueries({ queryKey: REQUESTS }),
  });
  return (
    <EcgWorkspace
      request={request}
      ecgId={ecgId}
      claiming={{ busy: claim.isPending, claim: () => claim.mutate() }}
      onInsertText={writer?.insert}
      impression={report?.impression ?? null}
      place={paper}
      steps={
        <Suspense fallback={null}>
          <ExportLink studyId={request.study_id} />
          <ConsultButton requestId={request.id} consultId={request.consult_id} size="small" />
        </Suspense>
      }
      notice={claim.error === null ? null : <ErrorLine error={claim.error} />}
    >
      <Suspense fallback={<Loading />}>
        <ReportPanel request={request} beside={paper} onWriter={setWriter} />
      </Suspense>
    </EcgWorkspace>
  );
}
