import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { api, bodyOf, type Schemas } from '@/shared/api';

export type Device = Schemas['DeviceOut'];
export type DeviceList = Schemas['DeviceList'];
export type NewDevice = Schemas['DeviceIn'];
export type Trial = 'echo' | 'sample';
export type TrialResult = Schemas['TrialOut'];

const DEVICES = ['devices'];
/** Whoever sets a device up waits for its first call: it is seen within this. */
const EVERY_MS = 2_000;

export function useDevices() {
  return useQuery({
    queryKey: DEVICES,
    queryFn: ({ signal }) => bodyOf(api.GET('/api/devices', { signal })),
    refetchInterval: EVERY_MS,
  });
}

export function useRegister() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: NewDevice) => bodyOf(api.POST('/api/devices', { body })),
    onSuccess: () => queries.invalidateQueries({ queryKey: DEVICES }),
  });
}

export function useSwitch() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: ({ id, on }: { id: string; on: boolean }) =>
      bodyOf(
        api.PATCH('/api/devices/{device_id}', {
          params: { path: { device_id: id } },
          body: { is_enabled: on },
        }),
      ),
    onSettled: () => queries.invalidateQueries({ queryKey: DEVICES }),
  });
}

export function useTrial(id: string) {
  return useMutation({
    mutationFn: async (trial: Trial): Promise<TrialResult & { trial: Trial }> => {
      const params = { path: { device_id: id } };
      const result = await bodyOf(
        trial === 'echo'
          ? api.POST('/api/devices/{device_id}/echo', { params })
          : api.POST('/api/devices/{device_id}/sample', { params }),
      );
      return { ...result, trial };
    },
  });
}
