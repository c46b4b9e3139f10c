import { IconAlertTriangle, IconPhotoOff } from '@tabler/icons-react';
import { useEffect, useRef, useState } from 'react';
import type { Tool, ViewerState, ViewSync } from '@/imaging';
import { useShared } from '@/shared/i18n';
import { Button, ErrorNotice, Loading, Notice } from '@/shared/ui';
import { useWords } from '../i18n';
import { type Caption, Overlay } from './Overlay';
import { Pages } from './Pages';
import styles from './reading.module.css';
import { SeriesRail } from './SeriesRail';
import { SliceBar } from './SliceBar';
import { Toolbar } from './Toolbar';
import { useImageActions } from './useImageActions';
import { useViewer, useViewerState, type Viewing } from './useViewer';

interface Props {
  readonly studyUid: string;
  /** How many images the server has so far: as more arrive, they are read. */
  readonly images: number;
  /** Whose images they are, for the corner of each. */
  readonly caption: Caption | null;
  /** Shows what it is told and takes no orders: somebody else leads. */
  readonly readOnly?: boolean;
  /** Hears the viewer's view and its end (null), to lead or to follow with. */
  readonly onSync?: (sync: ViewSync | null) => void;
}

/** A study's images with their tools. */
export function ImageStage({ studyUid, images, caption, readOnly = false, onSync }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const [tool, setTool] = useState<Tool>('window');
  const viewing = useViewer(studyUid, element, tool, readOnly, images);
  useEffect(() => {
    if (viewing === null || onSync === undefined) return;
    onSync(viewing.viewer);
    return () => onSync(null);
  }, [viewing, onSync]);
  return (
    <div className={styles.stage}>
      {viewing === null ? (
        <div className={styles.tools} />
      ) : (
        <Controls viewing={viewing} tool={tool} setTool={setTool} readOnly={readOnly} />
      )}
      <div className={styles.viewport} data-testid="viewport">
        {/* Cornerstone3D owns what is inside. */}
        <div ref={element} className={styles.canvas} />
        {viewing !== null && <Above viewing={viewing} caption={caption} readOnly={readOnly} />}
      </div>
    </div>
  );
}

interface ControlsProps {
  readonly viewing: Viewing;
  readonly tool: Tool;
  readonly setTool: (tool: Tool) => void;
  readonly readOnly: boolean;
}

function Controls({ viewing: { viewer, source }, tool, setTool, readOnly }: ControlsProps) {
  const state = useViewerState(viewer);
  useImageActions({ viewer, state, setTool, readOnly });
  return (
    <>
      <SeriesRail viewer={viewer} source={source} state={state} readOnly={readOnly} />
      {readOnly ? (
        <div className={styles.tools} />
      ) : (
        <Toolbar viewer={viewer} state={state} tool={tool} setTool={setTool} />
      )}
    </>
  );
}

interface AboveProps {
  readonly viewing: Viewing;
  readonly caption: Caption | null;
  readonly readOnly: boolean;
}

/** What is said over the images, or in their place. */
function Above({ viewing: { viewer, source }, caption, readOnly }: AboveProps) {
  const t = useWords();
  const state = useViewerState(viewer);
  const { series } = state;
  if (state.error !== null && series === null) {
    return (
      <div className={styles.cover}>
        <ErrorNotice title={t('series.failed')} error={state.error} onRetry={() => viewer.retry()} />
      </div>
    );
  }
  if (state.list?.length === 0) {
    return (
      <div className={styles.cover}>
        <Notice icon={<IconPhotoOff />} title={t('series.none')} lines={[t('series.noneWhat')]} />
      </div>
    );
  }
  if (series === null) {
    return (
      <div className={styles.cover}>
        <Loading what={t('series.loading')} />
      </div>
    );
  }
  if (series.pages.length > 0) {
    return <Pages key={series.uid} source={source} series={series} />;
  }
  if (series.noImages !== null) {
    return (
      <div className={styles.cover}>
        <Notice
          icon={<IconPhotoOff />}
          title={t(`noImages.${series.noImages}`)}
          lines={[t('noImages.what')]}
        />
      </div>
    );
  }
  return (
    <>
      <Instead state={state} onRetry={() => viewer.retry()} />
      <Overlay state={state} series={series} caption={caption} />
      <SliceBar viewer={viewer} state={state} readOnly={readOnly} />
    </>
  );
}

/** A slice that is not on screen is covered, so that no other picture stands under its number. */
function Instead({ state, onRetry }: { readonly state: ViewerState; readonly onRetry: () => void }) {
  const t = useWords();
  const app = useShared();
  const n = state.index + 1;
  if (state.status === 'broken' && state.fault !== null) {
    return (
      <div className={styles.cover} data-testid="broken-slice">
        <Notice
          icon={<IconAlertTriangle />}
          title={t(`broken.${state.fault}`, { n })}
          lines={[t(`broken.${state.fault}What`)]}
        >
          {state.fault !== 'undecodable' && <Button onClick={onRetry}>{app('action.retry')}</Button>}
        </Notice>
      </div>
    );
  }
  if (state.shown === null) {
    return (
      <div className={styles.cover}>
        <Loading what={t('view.loading', { n })} />
      </div>
    );
  }
  return state.shown === state.index ? null : (
    <span className={styles.pending} role="status">
      {t('view.loading', { n })}
    </span>
  );
}
