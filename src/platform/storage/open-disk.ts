import type { Disk } from 'flydrive';

/** A disk of flydrive with what ends it. */
export interface OpenDisk {
  disk: Disk;
  close(): void;
}
