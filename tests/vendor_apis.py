"""Four vendors' APIs as they are documented, small, with knobs for what goes wrong.

`expire_at`, `busy_at`: before the data call of that number (from 1) the token ends, or the call is refused once as too
frequent. `broken_from`: data calls from that number on fail for good.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from typing import ClassVar

from tests.api_server import Call, Reply

SECRET = "s3cret-of-the-app"
NAMES = ("王小芳", "买买提·吐尔逊", "欧阳修文", "𠮷田", "张三")


class VendorApi:
    """What the four have in common."""

    source: ClassVar[dict]
    expired: Reply
    busy: Reply
    broken = Reply({"error": "王小芳"}, 500)

    def __init__(self, customers: int = 25, expire_at: int = 0, busy_at: int = 0, broken_from: int = 0) -> None:
        self.customers = [(f"C{number:04}", NAMES[number % len(NAMES)]) for number in range(customers)]
        self.expire_at, self.busy_at, self.broken_from = expire_at, busy_at, broken_from
        self.logins = self.data_calls = 0
        self.token = ""

    def new_token(self) -> str:
        self.logins += 1
        self.token = f"token-{self.logins}+/="  # as vendors hand them out: to be encoded in an address
        return self.token

    def __call__(self, call: Call) -> Reply:
        if self.is_login(call):
            return self.login(call)
        self.data_calls += 1
        if self.data_calls == self.expire_at:
            self.token = "ended"
        if self.token_of(call) != self.token:
            return self.expired
        if self.data_calls == self.busy_at:
            return self.busy
        if self.broken_from and self.data_calls >= self.broken_from:
            return self.broken
        return self.data(call)

    def token_of(self, call: Call) -> str | None:
        return call.query.get("access_token")

    def is_login(self, call: Call) -> bool:
        raise NotImplementedError

    def login(self, call: Call) -> Reply:
        raise NotImplementedError

    def data(self, call: Call) -> Reply:
        raise NotImplementedError

    def rows(self) -> list[tuple[str, ...]]:
        """What must land."""
        return self.customers


def columns(**origins: str) -> list[dict]:
    return [{"name": name, "from": origin} for name, origin in origins.items()]


class WeCom(VendorApi):
    """企业微信: two members, each with contacts; pages of at most 100, 10 here; result codes in a good status."""

    expired = Reply({"errcode": 42001, "errmsg": "access_token expired"})
    busy = Reply({"errcode": 45009, "errmsg": "api freq out of limit"})
    source: ClassVar[dict] = {
        "preset": "wecom",
        "credentials": {"corpid": {"value": "ww1"}, "corpsecret": {"file": "keys/app.secret"}},
        "tables": {
            "contact": {
                "mode": "full",
                "from": "external_contacts",
                "keys": ["external_userid", "userid"],
                "columns": [
                    *columns(external_userid="external_contact.external_userid", name="external_contact.name"),
                    *columns(userid="follow_info.userid", mobile="follow_info.remark_mobiles.0"),
                    {"name": "unionid", "from": "external_contact.unionid", "optional": True},
                ],
            }
        },
    }

    def is_login(self, call: Call) -> bool:
        return call.path == "/cgi-bin/gettoken"

    def login(self, call: Call) -> Reply:
        if call.query != {"corpid": "ww1", "corpsecret": SECRET}:
            return Reply({"errcode": 40001, "errmsg": f"invalid credential {call.query['corpsecret']}"})
        return Reply({"errcode": 0, "errmsg": "ok", "access_token": self.new_token(), "expires_in": 7200})

    def data(self, call: Call) -> Reply:
        if call.path == "/cgi-bin/externalcontact/get_follow_user_list":
            return Reply({"errcode": 0, "errmsg": "ok", "follow_user": ["lisi", "zhangsan"]})
        if call.path == "/cgi-bin/externalcontact/list":
            own = [number for number, _ in self.customers[:3]] if call.query["userid"] == "lisi" else []
            code = 0 if own else 84061
            return Reply({"errcode": code, "errmsg": "", "external_userid": own})
        assert call.path == "/cgi-bin/externalcontact/batch/get_by_user" and call.method == "POST"
        assert call.body["userid_list"] == ["lisi", "zhangsan"] and call.body["limit"] == 100
        start = int(call.body["cursor"].removeprefix("after-") or 0)
        page = [self.record(*customer) for customer in self.customers[start : start + 10]]
        following = f"after-{start + 10}" if start + 10 < len(self.customers) else ""
        return Reply({"errcode": 0, "errmsg": "ok", "external_contact_list": page, "next_cursor": following})

    def record(self, number: str, name: str) -> dict:
        contact = {"external_userid": number, "name": name, "type": 1, "gender": 0}
        return {"external_contact": contact, "follow_info": {"userid": "lisi", "remark_mobiles": ["13812345678"]}}

    def rows(self) -> list[tuple[str, ...]]:
        return [(number, name, "lisi", "13812345678", None) for number, name in self.customers]


class DingTalk(VendorApi):
    """钉钉: departments 1 → 2, 3 → 4; who is in two departments comes twice; pages of 10 here."""

    expired = Reply(
        {"errcode": 88, "sub_code": "40014", "sub_msg": "不合法的access_token", "errmsg": "ding talk error"}
    )
    busy = Reply({"errcode": 90018, "errmsg": "您的服务器调用钉钉开放平台的接口超过了限制"})
    source: ClassVar[dict] = {
        "preset": "dingtalk",
        "credentials": {"appkey": {"value": "ding1"}, "appsecret": {"file": "keys/app.secret"}},
        "tables": {
            "employee": {
                "mode": "full",
                "from": "users",
                "keys": ["userid"],
                "columns": columns(userid="userid", name="name", departments="dept_id_list"),
            }
        },
    }
    tree: ClassVar[dict] = {1: [2, 3], 2: [], 3: [4], 4: []}

    def is_login(self, call: Call) -> bool:
        return call.path == "/v1.0/oauth2/accessToken"

    def login(self, call: Call) -> Reply:
        if call.body != {"appKey": "ding1", "appSecret": SECRET}:
            return Reply({"code": "invalidClientIdOrSecret", "message": "无效的clientId或者clientSecret"}, 400)
        return Reply({"accessToken": self.new_token(), "expireIn": 7200})

    def data(self, call: Call) -> Reply:
        department = call.body["dept_id"]
        if call.path == "/topapi/v2/department/listsubid":
            return Reply({"errcode": 0, "errmsg": "ok", "result": {"dept_id_list": self.tree[department]}})
        assert call.path == "/topapi/v2/user/list"
        start, size = call.body["cursor"], min(call.body["size"], 10)
        people = [(n, name) for n, name in self.customers if department in self.departments(n)]
        page = [{"userid": n, "name": name, "dept_id_list": self.departments(n)} for n, name in people]
        result: dict = {"has_more": start + size < len(people), "list": page[start : start + size]}
        if result["has_more"]:
            result["next_cursor"] = start + size
        return Reply({"errcode": 0, "errmsg": "ok", "result": result})

    def departments(self, number: str) -> list[int]:
        return [2, 4] if number.endswith("7") else [4]

    def rows(self) -> list[tuple[str, ...]]:
        people = [(n, name, "[2,4]" if n.endswith("7") else "[4]") for n, name in self.customers]
        return sorted(people, key=lambda row: not row[0].endswith("7"))


class Kingdee(VendorApi):
    """金蝶云星空: a session by app secret; rows as arrays in the order of the field keys; pages of 10 here."""

    expired = Reply(
        [[{"Result": {"ResponseStatus": {"ErrorCode": 500, "IsSuccess": False, "Errors": [], "MsgCode": 1}}}]]
    )
    busy = Reply({"error": "busy"}, 503, {"Retry-After": "0"})
    source: ClassVar[dict] = {
        "preset": "kingdee",
        "credentials": {
            "acctid": {"value": "a1"},
            "username": {"value": "mdm"},
            "appid": {"value": "id1"},
            "appsecret": {"file": "keys/app.secret"},
        },
        "tables": {
            "customer": {
                "mode": "full",
                "from": "customers",
                "keys": ["number"],
                "columns": columns(number="FNumber", name="FName", org="FCreateOrgId.FNumber", tax="FTaxRegisterCode"),
            }
        },
    }

    def is_login(self, call: Call) -> bool:
        return call.path.endswith("AuthService.LoginByAppSecret.common.kdsvc")

    def login(self, call: Call) -> Reply:
        wanted = {"acctid": "a1", "username": "mdm", "appid": "id1", "appsecret": SECRET, "lcid": 2052}
        if call.body != wanted:
            return Reply({"LoginResultType": 0, "Message": "应用密钥错误", "KDSVCSessionId": ""})
        return Reply({"LoginResultType": 1, "Message": None, "KDSVCSessionId": self.new_token()})

    def token_of(self, call: Call) -> str | None:
        return call.headers.get("kdservice-sessionid")

    def data(self, call: Call) -> Reply:
        assert call.path.endswith("DynamicFormService.ExecuteBillQuery.common.kdsvc")
        asked = call.body["data"]
        assert (asked["FormId"], asked["FieldKeys"]) == (
            "BD_Customer",
            "FNumber,FName,FCreateOrgId.FNumber,FTaxRegisterCode",
        )
        start, limit = asked["StartRow"], min(asked["Limit"], 10)
        return Reply([[*customer, "100", None] for customer in self.customers[start : start + limit]])

    def rows(self) -> list[tuple[str, ...]]:
        return [(number, name, "100", None) for number, name in self.customers]


class Yonyou(VendorApi):
    """用友 YonBIP: a signed token call; pages by number, counts as texts; pages of 10 here."""

    expired = Reply({"code": "401", "message": "token"}, 401)
    busy = Reply({"code": "429", "message": "busy"}, 429, {"Retry-After": "0"})
    source: ClassVar[dict] = {
        "preset": "yonyou",
        "credentials": {"appkey": {"value": "yon1"}, "appsecret": {"file": "keys/app.secret"}},
        "objects": {"customers": {"paging": {"size": 10}}},
        "tables": {
            "customer": {
                "mode": "full",
                "from": "customers",
                "keys": ["id"],
                "columns": columns(id="id", code="code", name="name.simplifiedName", amount="yearMoney"),
            }
        },
    }

    def is_login(self, call: Call) -> bool:
        return call.path == "/open-auth/selfAppAuth/base/v1/getAccessToken"

    def login(self, call: Call) -> Reply:
        moment = call.query["timestamp"]
        text = f"appKeyyon1timestamp{moment}"
        signature = base64.b64encode(hmac.new(SECRET.encode(), text.encode(), hashlib.sha256).digest()).decode()
        if call.query["signature"] != signature or abs(int(moment) / 1000 - time.time()) > 60:
            return Reply({"code": "50000", "message": "签名错误"})
        return Reply({"code": "00000", "message": "成功！", "data": {"access_token": self.new_token(), "expire": 7200}})

    def data(self, call: Call) -> Reply:
        assert call.path == "/yonbip/digitalModel/merchant/newlistrange" and call.method == "POST"
        index, size = call.body["pageIndex"], call.body["pageSize"]
        page = [self.record(*customer) for customer in self.customers[(index - 1) * size : index * size]]
        counts = {"pageIndex": str(index), "pageSize": str(size), "recordCount": str(len(self.customers))}
        counts["pageCount"] = str(-(-len(self.customers) // size))
        return Reply({"code": "200", "data": {**counts, "recordList": page}})

    def record(self, number: str, name: str) -> dict:
        big = 1700194312096055000 + int(number[1:])  # beyond what a float holds
        return {"id": big, "code": number, "name": {"simplifiedName": name}, "yearMoney": 100.10}

    def rows(self) -> list[tuple[str, ...]]:
        return [(str(1700194312096055000 + int(n[1:])), n, name, "100.1") for n, name in self.customers]
