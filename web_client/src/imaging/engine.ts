import {
  type BaseRenderingEngine,
  ContextPoolRenderingEngine,
  cache,
  Enums,
  getRenderingCapabilities,
  init as initCore,
  type PlanarViewport,
  registerImageLoader,
} from '@cornerstonejs/core';
import { init as initLoader } from '@cornerstonejs/dicom-image-loader';
import { CPU_PLANAR, CpuRenderingEngine, registerCpuPlanar } from './cpu';
import { FRAME_SCHEME, loadFrame } from './frames';

/** What a 4 GB town PC can spare for decoded images. */
export const CACHE_LIMIT_BYTES = 400_000_000;
const MOST_WORKERS = 2;

type Engine = Pick<BaseRenderingEngine, 'enableElement' | 'disableElement' | 'getViewport' | 'resize'>;

interface Running {
  readonly engine: Engine;
  readonly onCpu: boolean;
}

let running: Running | null = null;

/** Return the one rendering engine; the first call sets Cornerstone3D up. */
export function renderingEngine(): Engine {
  running ??= setUp();
  return running.engine;
}

/** Whether pictures are drawn without a graphics card. */
export function onCpu(): boolean {
  return running?.onCpu ?? false;
}

/** Put a viewport into an element. */
export function enableViewport(viewportId: string, element: HTMLDivElement): PlanarViewport {
  const engine = renderingEngine();
  const type = onCpu() ? (CPU_PLANAR as Enums.ViewportType) : Enums.ViewportType.PLANAR_NEXT;
  engine.enableElement({ viewportId, type, element, defaultOptions: { background: [0, 0, 0] } });
  return engine.getViewport(viewportId) as unknown as PlanarViewport;
}

function setUp(): Running {
  const { webgl2, softwareRasterizer } = getRenderingCapabilities();
  // A software rasterizer is slower than drawing on the CPU at once, and old ones lack WebGL 2.
  const cpu = !webgl2 || softwareRasterizer;
  initCore({
    debug: {},
    rendering: {
      useGenericViewport: true,
      useCPURendering: cpu,
      webGlContextCount: 1,
      planar: { renderBackend: cpu ? Enums.RenderBackends.CPU : Enums.RenderBackends.GPU },
    },
  });
  // The metadata is the server's DICOM JSON; the naturalising provider would want all of dcmjs.
  initLoader({ maxWebWorkers: MOST_WORKERS, useLegacyMetadataProvider: true });
  registerImageLoader(FRAME_SCHEME, loadFrame);
  cache.setMaxCacheSize(CACHE_LIMIT_BYTES);
  if (cpu) registerCpuPlanar();
  const engine = cpu ? new CpuRenderingEngine('lianzhen') : new ContextPoolRenderingEngine('lianzhen');
  return { engine, onCpu: cpu };
}
