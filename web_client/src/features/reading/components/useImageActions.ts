import { presetsFor, type StudyViewer, type Tool, type ViewerState } from '@/imaging';
import { type Action, useActions } from '@/shared/actions';
import { useWords } from '../i18n';

interface Options {
  readonly viewer: StudyViewer;
  readonly state: ViewerState;
  readonly setTool: (tool: Tool) => void;
  readonly readOnly: boolean;
}

/** Everything that the images can be told, by keyboard. */
export function useImageActions({ viewer, state, setTool, readOnly }: Options): void {
  const t = useWords();
  const group = t('title');
  const last = (state.series?.slices.length ?? 1) - 1;
  const toSeries = (by: number): void => {
    const list = state.list ?? [];
    const at = list.findIndex(({ uid }) => uid === state.series?.uid);
    const next = list[at + by];
    if (next) void viewer.select(next.uid);
  };
  const move = (name: string, keys: string[], perform: () => void, hint = false): Action => ({
    name,
    group,
    keys,
    keyOnly: true,
    hint,
    perform,
  });
  const actions: Action[] = [
    move(t('key.previous'), ['ArrowUp'], () => viewer.step(-1), true),
    move(t('key.next'), ['ArrowDown'], () => viewer.step(1), true),
    move(t('key.first'), ['Home'], () => viewer.goTo(0)),
    move(t('key.last'), ['End'], () => viewer.goTo(last)),
    move(t('key.previousSeries'), ['PageUp'], () => toSeries(-1)),
    move(t('key.nextSeries'), ['PageDown'], () => toSeries(1)),
    { name: t('tool.window'), group, keys: ['w'], perform: () => setTool('window') },
    { name: t('tool.zoom'), group, keys: ['z'], perform: () => setTool('zoom') },
    { name: t('tool.pan'), group, keys: ['h'], perform: () => setTool('pan') },
    { name: t('tool.reset'), group, keys: ['0'], hint: true, perform: () => viewer.reset() },
    ...presetsFor(state.series?.modality ?? '').map((preset) => ({
      name: `${t('preset.label')} ${t(`preset.${preset.name}`)}`,
      group,
      keys: [preset.key],
      perform: () => viewer.setWindow(preset.window),
    })),
  ];
  useActions(readOnly ? [] : actions);
}
