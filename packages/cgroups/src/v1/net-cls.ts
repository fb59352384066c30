import type { Controller } from '../controller.ts';
import type { CheckedNetCls } from '../controllers/net-cls.ts';
import { setting } from '../setting.ts';

/** https://docs.kernel.org/admin-guide/cgroup-v1/net_cls.html */
export const netClsSettings: Controller<CheckedNetCls> = ({ classid }) => setting('net_cls.classid', classid);
