import { MemoryStorage } from '../../lib/storage/memory/memory-storage.js';
import { storageContract } from '../../lib/testing/index.js';

storageContract({ name: 'MemoryStorage', create: () => new MemoryStorage(), randomSteps: 10_000 });
