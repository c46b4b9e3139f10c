import type { StudyViewer } from './viewer';

/** What dragging with the left button does. */
export type Tool = 'scroll' | 'window' | 'zoom' | 'pan';

const LEFT = 0;
const MIDDLE = 1;
const RIGHT = 2;
const ZOOM_PER_PX = 0.005;
const WHEEL_ZOOM = 1.1;
const PX_PER_SLICE = 12;
/** Dragging across this many pixels changes the window by its own width. */
const WINDOW_SPAN_PX = 400;
const LEAST_WINDOW_STEP = 0.25;

interface Drag {
  readonly tool: Tool;
  readonly start: readonly [number, number];
  last: readonly [number, number];
  /** Pixels of scrolling not yet spent on a slice. */
  rest: number;
}

/** Let the mouse steer the viewer. Returns how to stop. */
export function attachGestures(element: HTMLElement, viewer: StudyViewer, tool: () => Tool): () => void {
  let drag: Drag | null = null;

  const at = (event: MouseEvent): readonly [number, number] => {
    const box = element.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };
  const onDown = (event: PointerEvent): void => {
    if (drag || ![LEFT, MIDDLE, RIGHT].includes(event.button)) return;
    const chosen = event.button === MIDDLE ? 'pan' : event.button === RIGHT ? 'zoom' : tool();
    drag = { tool: chosen, start: at(event), last: at(event), rest: 0 };
    element.setPointerCapture(event.pointerId);
    // A middle click would start the browser's own scrolling.
    if (event.button === MIDDLE) event.preventDefault();
  };
  const onMove = (event: PointerEvent): void => {
    if (!drag) return;
    const now = at(event);
    const [dx, dy] = [now[0] - drag.last[0], now[1] - drag.last[1]];
    drag.last = now;
    if (dx !== 0 || dy !== 0) move(viewer, drag, dx, dy);
  };
  const onUp = (): void => {
    drag = null;
  };
  const onWheel = (event: WheelEvent): void => {
    event.preventDefault();
    if (event.deltaY === 0) return;
    const forward = event.deltaY > 0;
    if (event.ctrlKey) viewer.zoomBy(forward ? 1 / WHEEL_ZOOM : WHEEL_ZOOM, at(event));
    else viewer.step(forward ? 1 : -1);
  };
  const onMenu = (event: Event): void => event.preventDefault();

  element.addEventListener('pointerdown', onDown);
  element.addEventListener('pointermove', onMove);
  element.addEventListener('pointerup', onUp);
  element.addEventListener('pointercancel', onUp);
  element.addEventListener('wheel', onWheel, { passive: false });
  element.addEventListener('contextmenu', onMenu);
  return () => {
    element.removeEventListener('pointerdown', onDown);
    element.removeEventListener('pointermove', onMove);
    element.removeEventListener('pointerup', onUp);
    element.removeEventListener('pointercancel', onUp);
    element.removeEventListener('wheel', onWheel);
    element.removeEventListener('contextmenu', onMenu);
  };
}

function move(viewer: StudyViewer, drag: Drag, dx: number, dy: number): void {
  switch (drag.tool) {
    case 'pan':
      viewer.panBy(dx, dy);
      return;
    case 'zoom':
      viewer.zoomBy(Math.exp(-dy * ZOOM_PER_PX), drag.start);
      return;
    case 'window': {
      const width = viewer.state.effectiveWindow?.width ?? 0;
      const step = Math.max(width / WINDOW_SPAN_PX, LEAST_WINDOW_STEP);
      viewer.nudgeWindow(dx * step, dy * step);
      return;
    }
    case 'scroll': {
      drag.rest += dy;
      const slices = Math.trunc(drag.rest / PX_PER_SLICE);
      drag.rest -= slices * PX_PER_SLICE;
      if (slices !== 0) viewer.step(slices);
    }
  }
}
