import type { Service } from './service.ts';
import { artifactregistry } from './services/artifactregistry.ts';
import { certificatemanager } from './services/certificatemanager.ts';
import { cloudbilling } from './services/cloudbilling.ts';
import { cloudbuild } from './services/cloudbuild.ts';
import { cloudresourcemanager } from './services/cloudresourcemanager.ts';
import { compute } from './services/compute.ts';
import { dns } from './services/dns.ts';
import { dockerRegistry } from './services/docker-registry.ts';
import { domains } from './services/domains.ts';
import { iam } from './services/iam.ts';
import { iamcredentials } from './services/iamcredentials.ts';
import { iap } from './services/iap.ts';
import { logging } from './services/logging.ts';
import { metadata } from './services/metadata.ts';
import { oauth2 } from './services/oauth2.ts';
import { orgpolicy } from './services/orgpolicy.ts';
import { runUrls } from './services/run-urls.ts';
import { runV1 } from './services/run-v1.ts';
import { runV2 } from './services/run-v2.ts';
import { secretmanager } from './services/secretmanager.ts';
import { serviceusage } from './services/serviceusage.ts';
import { sqladmin } from './services/sqladmin.ts';
import { storage } from './services/storage.ts';
import { sts } from './services/sts.ts';

/** Every simulated API. A new one is named here. */
export const services: Service[] = [
  artifactregistry,
  certificatemanager,
  cloudbilling,
  cloudbuild,
  cloudresourcemanager,
  dns,
  compute,
  dockerRegistry,
  domains,
  iam,
  iamcredentials,
  iap,
  logging,
  metadata,
  oauth2,
  orgpolicy,
  runUrls,
  runV1,
  runV2,
  secretmanager,
  serviceusage,
  sqladmin,
  storage,
  sts,
];
