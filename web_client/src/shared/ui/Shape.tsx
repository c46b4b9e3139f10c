import type { ReactNode } from 'react';

export type ShapeName = 'octagon' | 'triangle' | 'dash' | 'unknown' | 'clock' | 'cross';

const PATHS: Readonly<Record<ShapeName, ReactNode>> = {
  octagon: (
    <>
      <path className="f" d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" />
      <path className="cut" d="M8 4v4.6M8 11.4v.2" />
    </>
  ),
  triangle: <path d="M8 2l6.5 11.5h-13zM8 6.6v3M8 11.5v.1" />,
  dash: <path d="M5 8h6" />,
  unknown: (
    <>
      <circle cx="8" cy="8" r="6.3" strokeDasharray="2.5 2" />
      <path d="M6.3 6.3a1.8 1.8 0 113 1.4c-.9.6-1.3 1-1.3 1.7M8 11.6v.1" />
    </>
  ),
  clock: (
    <>
      <circle cx="8" cy="8" r="6" />
      <path d="M8 4.5V8l2.4 1.6" />
    </>
  ),
  cross: <path d="M4 4l8 8M12 4l-8 8" />,
};

/** The shapes that carry a meaning; everything else is an icon. */
export function Shape({ name }: { name: ShapeName }) {
  return (
    <svg className="i" viewBox="0 0 16 16" aria-hidden="true">
      {PATHS[name]}
    </svg>
  );
}

export function Logo() {
  return (
    <svg className="i logo" viewBox="0 0 24 24" aria-hidden="true">
      <circle className="logo-a" cx="8.5" cy="12" r="5.7" />
      <circle className="logo-b" cx="15.5" cy="12" r="5.7" />
      <path className="logo-c" d="M8.8 12h2l1-2.6 1.2 4.6.9-2h1.5" />
    </svg>
  );
}
