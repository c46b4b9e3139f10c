import {
  IconArrowsMove,
  IconArrowsVertical,
  IconContrast,
  IconRotate,
  IconZoomIn,
} from '@tabler/icons-react';
import { presetsFor, type StudyViewer, type Tool, type ViewerState } from '@/imaging';
import { useWords } from '../i18n';
import styles from './reading.module.css';

interface Props {
  readonly viewer: StudyViewer;
  readonly state: ViewerState;
  readonly tool: Tool;
  readonly setTool: (tool: Tool) => void;
}

const TOOLS = [
  { tool: 'scroll', Icon: IconArrowsVertical, key: '' },
  { tool: 'window', Icon: IconContrast, key: 'W' },
  { tool: 'zoom', Icon: IconZoomIn, key: 'Z' },
  { tool: 'pan', Icon: IconArrowsMove, key: 'H' },
] as const;

/** What dragging does, and the windows of the keys 1 to 9. */
export function Toolbar({ viewer, state, tool, setTool }: Props) {
  const t = useWords();
  const presets = presetsFor(state.series?.modality ?? '');
  return (
    <div className={styles.tools} role="toolbar" aria-label={t('tool.label')}>
      {TOOLS.map(({ tool: each, Icon, key }) => (
        <button
          key={each}
          type="button"
          className={styles.tool}
          aria-pressed={tool === each}
          onClick={() => setTool(each)}
        >
          <Icon size={18} stroke={1.6} />
          <span>
            {t(`tool.${each}`)} <u>{key}</u>
          </span>
        </button>
      ))}
      <i className={styles.sep} />
      <button type="button" className={styles.tool} onClick={() => viewer.reset()}>
        <IconRotate size={18} stroke={1.6} />
        <span>
          {t('tool.reset')} <u>0</u>
        </span>
      </button>
      {presets.length > 1 && (
        // biome-ignore lint/a11y/useSemanticElements: a fieldset cannot be laid out inside a toolbar
        <span className={`seg ${styles.presets}`} role="group" aria-label={t('preset.label')}>
          {presets.map((preset) => (
            <button
              key={preset.key}
              type="button"
              aria-pressed={
                preset.window === null
                  ? state.window === null
                  : preset.window.center === state.window?.center &&
                    preset.window.width === state.window.width
              }
              onClick={() => viewer.setWindow(preset.window)}
            >
              <small>{preset.key}</small> {t(`preset.${preset.name}`)}
            </button>
          ))}
        </span>
      )}
    </div>
  );
}
