import { useState } from 'react';
import { previewUrl } from '@/shared/requests/preview';
import type { Request } from '@/shared/requests/requests';
import { useCan } from '@/shared/session/permissions';
import styles from './worklist.module.css';

/** The image that stands for a study, small, beside what is said of it; without one, nothing takes its place. */
export function Thumbnail({ request }: { request: Request }) {
  const can = useCan();
  const [failed, setFailed] = useState(false);
  const url = previewUrl(request, 96);
  if (url === null || failed || !can('exam.read')) return null;
  return (
    <img
      className={styles.thumb}
      src={url}
      alt=""
      loading="lazy"
      draggable={false}
      onError={() => setFailed(true)}
    />
  );
}
