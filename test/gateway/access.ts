// Who may ask: workers by their shared token, people by an access token they get for e-mail and password.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Request } from 'express';
import { errors, jwtVerify, SignJWT } from 'jose';
import { GatewayError } from './gateway-error.js';

export interface Admin {
  readonly email: string;
  readonly password: string;
}

export interface AccessToken {
  readonly token: string;
  readonly expiresAt: number;
}

const BEARER = /^Bearer +(\S+) *$/i;
const ISSUER = 'reference-gateway';
const LIFETIME_MS = 12 * 3_600_000;
const USER_ID = 'admin';

export class Access {
  readonly #workerToken: Buffer;
  readonly #admin: { readonly email: Buffer; readonly password: Buffer };
  readonly #key: Uint8Array;
  readonly #now: () => number;

  /** @param secret key of the access tokens, base64url */
  constructor(workerToken: string, admin: Admin, secret: string, now: () => number) {
    this.#workerToken = digest(workerToken);
    this.#admin = { email: digest(admin.email.toLowerCase()), password: digest(admin.password) };
    this.#key = Buffer.from(secret, 'base64url');
    this.#now = now;
  }

  /** @throws UNAUTHORIZED unless the request carries the token of the workers */
  admitWorker(request: Request): void {
    if (!same(digest(bearerOf(request)), this.#workerToken)) throw unauthorized('This needs the token of the workers.');
  }

  /** @returns the user's id. @throws UNAUTHORIZED unless the request carries an access token of this gateway */
  async admitUser(request: Request): Promise<string> {
    const token = bearerOf(request);
    try {
      const { payload } = await jwtVerify(token, this.#key, {
        algorithms: ['HS256'],
        issuer: ISSUER,
        requiredClaims: ['sub', 'exp'],
        currentDate: new Date(this.#now()),
      });
      return payload.sub ?? USER_ID;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw unauthorized('The access token has expired; log in again.');
      if (error instanceof errors.JOSEError) throw unauthorized('This needs an access token; log in to get one.');
      throw error;
    }
  }

  /** @returns a token for the admin. @throws UNAUTHORIZED when e-mail or password is wrong */
  async login({ email, password }: Admin): Promise<AccessToken & { userId: string }> {
    // Both are compared, so that the time tells nothing about which one was wrong.
    const [knownEmail, knownPassword] = [
      same(digest(email.toLowerCase()), this.#admin.email),
      same(digest(password), this.#admin.password),
    ];
    if (!knownEmail || !knownPassword) throw unauthorized('E-mail or password is wrong.');
    const now = this.#now();
    const expiresAt = now + LIFETIME_MS;
    const token = await new SignJWT({ email, role: 'ADMIN' })
      .setProtectedHeader({ alg: 'HS256', typ: 'JWT' })
      .setIssuer(ISSUER)
      .setSubject(USER_ID)
      .setIssuedAt(Math.floor(now / 1000))
      .setExpirationTime(Math.floor(expiresAt / 1000))
      .sign(this.#key);
    return { token, expiresAt, userId: USER_ID };
  }
}

const bearerOf = (request: Request): string => BEARER.exec(request.get('authorization') ?? '')?.[1] ?? '';

/** Digests have one length, so a comparison takes the same time for every wrong value. */
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const same = (one: Buffer, other: Buffer): boolean => timingSafeEqual(one, other);

const unauthorized = (sentence: string): GatewayError =>
  new GatewayError('UNAUTHORIZED', sentence, { headers: { 'WWW-Authenticate': 'Bearer' } });
