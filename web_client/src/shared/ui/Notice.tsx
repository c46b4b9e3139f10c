import { IconAlertTriangle, IconInbox, IconLoader2 } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { asProblem, useProblemText } from '@/shared/api';
import { useShared } from '@/shared/i18n';
import { Button } from './Button';

interface Props {
  readonly icon?: ReactNode;
  readonly title: string;
  readonly lines?: readonly string[];
  readonly children?: ReactNode;
  readonly role?: 'status' | 'alert';
}

/** A sentence about a state, in the place where the content would stand, with what can be done. */
export function Notice({ icon, title, lines = [], children, role = 'status' }: Props) {
  return (
    <div className="notice" role={role}>
      {icon}
      <b>{title}</b>
      {lines.map((line) => (
        <p key={line}>{line}</p>
      ))}
      {children !== undefined && <div className="row">{children}</div>}
    </div>
  );
}

export function EmptyState({ icon = <IconInbox />, ...rest }: Props) {
  return <Notice icon={icon} {...rest} />;
}

export function Loading({ what }: { what?: string }) {
  const t = useShared();
  return <Notice icon={<IconLoader2 className="spin" />} title={what ?? t('page.loading')} />;
}

interface ErrorProps {
  readonly title: string;
  readonly error: unknown;
  /** Missing where asking again gives the same. */
  readonly onRetry?: () => void;
  /** The page's own words for codes it knows. */
  readonly texts?: Readonly<Record<string, string>>;
}

/** What failed, why in words, and what to do. */
export function ErrorNotice({ title, error, onRetry, texts }: ErrorProps) {
  const t = useShared();
  const text = useProblemText();
  const hopeless = [403, 404, 406, 422].includes(asProblem(error).status);
  return (
    <Notice icon={<IconAlertTriangle />} title={title} lines={[text(error, texts)]} role="alert">
      {onRetry !== undefined && !hopeless && (
        <Button kind="primary" onClick={onRetry}>
          {t('action.retry')}
        </Button>
      )}
    </Notice>
  );
}

/** The same in one line, above content that stays. */
export function ErrorLine({ error, onRetry, texts }: Omit<ErrorProps, 'title'>) {
  const t = useShared();
  const text = useProblemText();
  return (
    <div className="banner" role="alert">
      <IconAlertTriangle size={16} />
      <span className="grow">{text(error, texts)}</span>
      {onRetry !== undefined && (
        <Button size="small" onClick={onRetry}>
          {t('action.retry')}
        </Button>
      )}
    </div>
  );
}
