/** Whether a host name or address, without brackets, names this machine only. */
export const isLoopback = (host: string): boolean => /^(localhost|([\w-]+\.)+localhost|127(\.\d{1,3}){3}|::1)$/i.test(host);
