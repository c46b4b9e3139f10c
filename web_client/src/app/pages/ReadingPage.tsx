import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useMemo, useRef } from 'react';
import { ConsultButton } from '@/features/consult/components/ConsultButton';
import { ExportLink } from '@/features/export/components/ExportLink';
import { CaseHead, ImageStage } from '@/features/reading';
import { ReportPanel } from '@/features/report';
import { api, bodyOf } from '@/shared/api';
import { dateTime, placeName, sexAndAge } from '@/shared/format/format';
import { useShared } from '@/shared/i18n';
import { keepRequest, REQUESTS, type Request, requestQuery } from '@/shared/requests/requests';
import { useOpened } from '@/shared/requests/useOpened';
import { ErrorLine, ErrorNotice, Loading } from '@/shared/ui';
import styles from './pages.module.css';

/** One imaging case: its images, and its report beside them. */
export default function ReadingPage() {
  const { requestId } = useParams({ strict: false }) as { requestId: string };
  const t = useShared();
  const { data: request, error, refetch } = useQuery(requestQuery(requestId));
  if (request === undefined) {
    return error === null ? (
      <Loading />
    ) : (
      <ErrorNotice title={t('page.loadFailed')} error={error} onRetry={() => void refetch()} />
    );
  }
  return <Case key={request.id} request={request} />;
}

function Case({ request }: { request: Request }) {
  const t = useShared();
  const queries = useQueryClient();
  const images = useRef<HTMLDivElement>(null);
  useOpened(request);
  const claim = useMutation({
    mutationFn: () =>
      bodyOf(api.POST('/api/requests/{request_id}/claim', { params: { path: { request_id: request.id } } })),
    onSuccess: (fresh) => keepRequest(queries, fresh),
    onError: () => queries.invalidateQueries({ queryKey: REQUESTS }),
  });
  const { patient, examining, acquired_at: acquired } = request;
  const caption = useMemo(
    () => ({
      title: `${patient.name ?? t('patient.noName')} ${sexAndAge(patient, t)}`,
      lines: [placeName(examining, t.lang), ...(acquired === null ? [] : [dateTime(acquired)])],
    }),
    [patient, examining, acquired, t],
  );
  return (
    <div className={styles.reading}>
      <div className={styles.images} ref={images} tabIndex={-1}>
        <CaseHead request={request} claiming={claim.isPending} onClaim={() => claim.mutate()}>
          <ExportLink studyId={request.study_id} />
          <ConsultButton requestId={request.id} consultId={request.consult_id} size="small" />
        </CaseHead>
        {claim.error !== null && <ErrorLine error={claim.error} />}
        <ImageStage studyUid={request.study_instance_uid} images={request.instance_count} caption={caption} />
      </div>
      <ReportPanel request={request} beside={images} />
    </div>
  );
}
