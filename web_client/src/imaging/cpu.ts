import { ContextPoolRenderingEngine, PlanarViewport, registerViewportType } from '@cornerstonejs/core';
import vtkRenderer from '@kitware/vtk.js/Rendering/Core/Renderer';

/** The type of a planar viewport that never touches WebGL. */
export const CPU_PLANAR = 'lianzhenPlanarCpu';

/**
 * Cornerstone3D's planar viewport draws on the CPU well, but as it comes it makes a WebGL context first, and a
 * computer without one gets no picture at all. Here the engine makes none, and lends the viewport a renderer
 * that only holds a camera.
 */
export class CpuRenderingEngine extends ContextPoolRenderingEngine {
  private readonly renderer = vtkRenderer.newInstance();

  override getRenderer(): ReturnType<typeof vtkRenderer.newInstance> {
    return this.renderer;
  }
}

class CpuPlanarViewport extends PlanarViewport {
  static override get useCustomRenderingPipeline(): boolean {
    return true;
  }

  override getUseCustomRenderingPipeline(): boolean {
    return true;
  }

  /** Called by the engine at the next animation frame. */
  customRenderViewportToCanvas(): void {
    this.renderBindings();
  }
}

/** Make the viewport's type known, once. */
export function registerCpuPlanar(): void {
  registerViewportType({ type: CPU_PLANAR, ViewportClass: CpuPlanarViewport });
}
