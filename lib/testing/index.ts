/**
 * The test kit, published as `nestjs-behavior-guard/testing`: a clock to be moved by hand, and the suite that every
 * storage must pass.
 */
export { ManualClock } from './manual-clock.js';
export {
  storageContract,
  type StorageCapabilities,
  type StorageContractOptions,
  type TestRunner,
} from './storage-contract.js';
export { ReferenceModel } from './reference-model.js';
