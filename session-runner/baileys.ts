// The one file that imports Baileys: what of it is used, under the names it is used by.
export {
  makeWASocket,
  Browsers,
  Curve,
  DEFAULT_CONNECTION_CONFIG,
  decodeMessageNode,
  decryptMediaRetryData,
  decryptPollVote,
  getBinaryNodeChild,
  getBinaryNodeChildren,
  encryptMediaRetryRequest,
  initAuthCreds,
  proto,
  unpadRandomMax16,
  WAMessageStubType,
} from '@whiskeysockets/baileys';
export { SenderKeyMessage } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-message.js';
export type {
  AuthenticationCreds,
  AuthenticationState,
  BaileysEventMap,
  BinaryNode,
  GroupMetadata,
  MessageUserReceipt,
  SignalDataSet,
  SignalDataTypeMap,
  SignalKeyStoreWithTransaction,
  SignalRepositoryWithLIDStore,
  UserFacingSocketConfig,
  WAMessage,
  WAMessageKey,
  WASocket,
} from '@whiskeysockets/baileys';
