import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { lazy, Suspense } from 'react';
import { ConsultRoom, type StageProps } from '@/features/consult/room';
import { useShared } from '@/shared/i18n';
import { requestQuery } from '@/shared/requests/requests';
import { ErrorNotice, Loading } from '@/shared/ui';

// An ECG needs no image viewer, and a weak PC none of its weight.
const ConsultImages = lazy(() => import('./ConsultImages'));
const ConsultEcg = lazy(() => import('./ConsultEcg'));

/** The consult room with the case on its stage: the room is one feature, what draws the case another. */
export default function ConsultPage() {
  const { consultId = '' } = useParams({ strict: false });
  return <ConsultRoom consultId={consultId} stage={Case} />;
}

function Case(props: StageProps) {
  const t = useShared();
  const { data: request, error, refetch } = useQuery(requestQuery(props.consult.request_id));
  // What was read once stays on the stage, whatever reading it again comes to in a cut.
  if (request === undefined) {
    return error === null ? (
      <Loading />
    ) : (
      <ErrorNotice title={t('page.loadFailed')} error={error} onRetry={() => void refetch()} />
    );
  }
  return (
    <Suspense fallback={<Loading />}>
      {request.ecg_id === null ? (
        <ConsultImages {...props} request={request} />
      ) : (
        <ConsultEcg {...props} request={request} ecgId={request.ecg_id} />
      )}
    </Suspense>
  );
}
