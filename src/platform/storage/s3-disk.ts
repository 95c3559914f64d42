import { S3Client } from '@aws-sdk/client-s3';
import { Disk } from 'flydrive';
import { S3Driver } from 'flydrive/drivers/s3';
import type { Config } from '../config.ts';
import type { OpenDisk } from './open-disk.ts';

/** A worker stands at a customer's door: after three tries the app should say so. */
const MAX_ATTEMPTS = 3;
const CONNECT_TIMEOUT_MS = 3_000;
/** 10 MB at 1 MB/s, and half as much again. */
const REQUEST_TIMEOUT_MS = 15_000;

/** Photos in a bucket of Amazon's S3 or of a store that speaks like it. */
export function openS3Disk(config: Extract<Config['photos'], { kind: 's3' }>): OpenDisk {
  const client = new S3Client({
    region: config.region,
    endpoint: config.endpoint,
    // Stores other than Amazon's rarely have a host name for each bucket.
    forcePathStyle: config.endpoint !== undefined,
    credentials: { accessKeyId: config.accessKeyId, secretAccessKey: config.secretAccessKey },
    maxAttempts: MAX_ATTEMPTS,
    requestHandler: {
      connectionTimeout: CONNECT_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      throwOnRequestTimeout: true,
      socketTimeout: REQUEST_TIMEOUT_MS,
    },
    // Newer checksum headers are unknown to many stores; TLS and the signature cover the bytes.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
  });
  const driver = new S3Driver({
    client,
    bucket: config.bucket,
    visibility: 'private',
    // New buckets refuse ACLs; who may read is the bucket's policy.
    supportsACL: false,
  });
  return { disk: new Disk(driver), close: () => client.destroy() };
}
