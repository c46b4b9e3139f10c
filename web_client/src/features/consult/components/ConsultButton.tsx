import { IconUsers } from '@tabler/icons-react';
import { useNavigate } from '@tanstack/react-router';
import { useProblemText } from '@/shared/api';
import { useCan } from '@/shared/session/permissions';
import { Button, type ButtonProps } from '@/shared/ui';
import { useOpenConsult } from '../api/consults';
import { useWords } from '../i18n';

interface Props extends Pick<ButtonProps, 'size' | 'kind'> {
  readonly requestId: string;
  /** The case's open consult, as the request names it; joining it needs no opening. */
  readonly consultId: string | null;
}

/** Opens the case's consult or joins the one that is open: for the pages on which a case is read. */
export function ConsultButton({ requestId, consultId, size = 'normal', kind = 'plain' }: Props) {
  const t = useWords();
  const can = useCan();
  const text = useProblemText();
  const navigate = useNavigate();
  const open = useOpenConsult();
  if (!can('consult.join')) return null;
  const enter = (id: string): void => void navigate({ to: '/consult/$consultId', params: { consultId: id } });
  return (
    <>
      {open.isError && (
        <span className="c-red t13" role="alert">
          {t('open.failed', { why: text(open.error) })}
        </span>
      )}
      <Button
        size={size}
        kind={kind}
        busy={open.isPending}
        data-testid={consultId === null ? 'consult-open' : 'consult-join'}
        onClick={() => {
          if (consultId !== null) enter(consultId);
          else open.mutate(requestId, { onSuccess: ({ id }) => enter(id) });
        }}
      >
        <IconUsers size={16} />
        {t(consultId === null ? 'open.start' : 'open.join')}
      </Button>
    </>
  );
}
