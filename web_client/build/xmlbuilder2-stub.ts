/** Stands for xmlbuilder2, which vtk.js pulls in for files that no browser of ours reads. */
export function create(): never {
  throw new Error('XML is not written in the browser');
}

export default { create };
