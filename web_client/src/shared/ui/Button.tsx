import type { ButtonHTMLAttributes, ReactNode } from 'react';
import { Keys } from './Keys';

export interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement> {
  /** `primary` is the next step, `danger` the one red button a screen may have, `ghost` has no border. */
  readonly kind?: 'primary' | 'danger' | 'ghost' | 'plain';
  readonly size?: 'small' | 'normal' | 'tall';
  /** The key that does the same, drawn inside. */
  readonly keys?: string;
  /** At work: pressed once, and not again until it is done. */
  readonly busy?: boolean;
  /** What is missing, in words, beside the button: a blocked action says so in place. */
  readonly blocked?: string | null;
  readonly children: ReactNode;
}

const KIND = { primary: 'p', danger: 'd', ghost: 'g', plain: '' } as const;
const SIZE = { small: 's', normal: '', tall: 'tall' } as const;

export function Button({
  kind = 'plain',
  size = 'normal',
  keys,
  busy = false,
  blocked = null,
  className = '',
  disabled = false,
  children,
  ...rest
}: ButtonProps) {
  const off = blocked !== null && blocked !== '';
  return (
    <button
      type="button"
      {...rest}
      className={`btn ${KIND[kind]} ${SIZE[size]} ${off ? 'off' : ''} ${className}`}
      disabled={disabled || busy || off}
      aria-busy={busy}
    >
      {children}
      {off ? <span className="t12">{blocked}</span> : keys !== undefined && <Keys combo={keys} />}
    </button>
  );
}
