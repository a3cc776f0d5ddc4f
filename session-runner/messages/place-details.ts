import type { DetailsOf } from '../../shared/domain/message-details.js';
import type { proto } from '../baileys.js';
import { numberWithin, shortText, wholeNumber } from './bounded.js';
import { said } from './described.js';

const LONGEST_URL = 2_000;

const pointOf = (place: proto.Message.ILocationMessage | proto.Message.ILiveLocationMessage) => ({
  latitude: numberWithin(place.degreesLatitude, -90, 90),
  longitude: numberWithin(place.degreesLongitude, -180, 180),
  accuracy: numberWithin(place.accuracyInMeters, 0, Number.MAX_SAFE_INTEGER),
  speed: numberWithin(place.speedInMps, 0, Number.MAX_SAFE_INTEGER),
  heading: numberWithin(place.degreesClockwiseFromMagneticNorth, 0, 360),
});

export const placeOf = (place: proto.Message.ILocationMessage): DetailsOf<'location'> =>
  said({
    ...pointOf(place),
    name: shortText(place.name),
    address: shortText(place.address),
    url: shortText(place.url, LONGEST_URL),
    live: place.isLive === true,
  });

export const livePlaceOf = (place: proto.Message.ILiveLocationMessage): DetailsOf<'location'> =>
  said({ ...pointOf(place), live: true, sequence: wholeNumber(place.sequenceNumber) });
