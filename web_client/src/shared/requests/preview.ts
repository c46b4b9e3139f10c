import type { Request } from './requests';

/** The rendered instance that stands for a study, at most `size` pixels wide and high; null where it has no image. */
export function previewUrl(request: Request, size: number): string | null {
  if (request.preview === null || request.kind === 'ecg') return null;
  const { series_instance_uid: series, sop_instance_uid: sop } = request.preview;
  const path = ['studies', request.study_instance_uid, 'series', series, 'instances', sop, 'rendered'].map(
    encodeURIComponent,
  );
  return `/dicomweb/${path.join('/')}?viewport=${size},${size}`;
}

/** The paper of an ECG, drawn by the server. */
export function paperUrl(ecgId: string): string {
  return `/api/ecgs/${encodeURIComponent(ecgId)}/paper.svg?layout=3x4&speed=25&gain=10`;
}

/** The archived copy of an issued report, as it is printed. */
export function documentUrl(reportId: string): string {
  return `/api/reports/${encodeURIComponent(reportId)}/document.pdf`;
}
