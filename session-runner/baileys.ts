// The one file that imports Baileys: what of it is used, under the names it is used by. File by file, since its index also loads some four
// megabytes about WhatsApp's telemetry, of which nothing is used.
export { DEFAULT_CONNECTION_CONFIG } from '@whiskeysockets/baileys/lib/Defaults/index.js';
export { SenderKeyMessage } from '@whiskeysockets/baileys/lib/Signal/Group/sender-key-message.js';
export { default as makeWASocket } from '@whiskeysockets/baileys/lib/Socket/index.js';
export { WAMessageStubType } from '@whiskeysockets/baileys/lib/Types/index.js';
export {
  Browsers,
  Curve,
  decodeMessageNode,
  decryptMediaRetryData,
  decryptPollVote,
  encryptMediaRetryRequest,
  initAuthCreds,
  unpadRandomMax16,
} from '@whiskeysockets/baileys/lib/Utils/index.js';
export { getBinaryNodeChild, getBinaryNodeChildren, isLidUser, isPnUser, jidDecode } from '@whiskeysockets/baileys/lib/WABinary/index.js';
export { proto } from '@whiskeysockets/baileys/WAProto/index.js';
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
