import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { ConsultRoom, type StageProps } from '@/features/consult/room';
import { useShared } from '@/shared/i18n';
import { requestQuery } from '@/shared/requests/requests';
import { ErrorNotice, Loading } from '@/shared/ui';
import { EcgStage, ImagesStage } from './consultStages';

/** The consult room with the case on its stage: the room is one feature, what draws the case another. */
export default function ConsultPage() {
  const { consultId = '' } = useParams({ strict: false });
  return <ConsultRoom consultId={consultId} stage={Case} />;
}

function Case(props: StageProps) {
  const t = useShared();
  const request = useQuery(requestQuery(props.consult.request_id));
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
  if (ecgId === null) return <ImagesStage {...props} request={request.data} />;
  return <EcgStage {...props} request={request.data} ecgId={ecgId} />;
}
