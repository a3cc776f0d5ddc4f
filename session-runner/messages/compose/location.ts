import type { Compose } from './composing.js';
import { contextOf } from './context.js';

export const composeLocation: Compose<'location'> = ({ latitude, longitude, name, address }, composing) => ({
  message: {
    locationMessage: {
      degreesLatitude: latitude,
      degreesLongitude: longitude,
      ...(name !== undefined && { name }),
      ...(address !== undefined && { address }),
      ...contextOf({}, composing),
    },
  },
});
