"""How banks spell the columns that matter, and what their Chinese comments say.

The spellings are those seen in data dictionaries of Chinese core banking, ECIF, credit and channel systems, and plain
English ones. They are a guess's evidence, nothing more: content and a person decide.
"""

from __future__ import annotations

import re

# attribute of a contract → names, without separators; words of a comment
_PARTY = {
    "name": (
        "custnm custname namcustfull partyname clientname customername realname namecn cnname fullname name embossnm",
        "姓名 客户名称 户名 中文名",
    ),
    "former_name": ("formername oldname usedname", "曾用名"),
    "latin_name": ("latinname ename engname embossname", "拼音 英文名"),
    "document_type": ("certtyp certtype identtype idtype globaltype certkind doctype", "证件类型 证件种类"),
    "document_number": (
        "certno certnum identno idno globalid codcustnatlid idnumber idcard nationalid uscc socialcr socialcreditcode",
        "证件号 身份证 统一社会信用代码",
    ),
    "document_expiry": ("certexpdt certexpirydate idexpdate certenddt", "证件到期 证件有效期"),
    "birth_date": ("birthdt birthdate birthday datbirthcust dob birth birthnumber rodnecislo", "出生"),
    "sex": ("sex sexcd gender txtcustsex", "性别"),
    "nationality": ("natlcd nationality countrycode country", "国籍"),
    "mobile": ("mobile mobileno mobilephone refphonemobile cellphone phonemobile", "手机 移动电话"),
    "mobile_second": ("mobile2 mobilesecond secondmobile", "备用手机"),
    "phone": ("tel telno phone telephone homephone refphone", "联系电话 固定电话 座机"),
    "email": ("email mail emailaddr", "邮箱 电子邮件"),
    "address": ("addr address homeaddr billaddr txtcustadradd1 residence", "地址 住址"),
    "employer": ("employer company workunit orgname", "工作单位"),
    "occupation": ("occup occupation job", "职业"),
    "spouse_name": ("spousenm spousename", "配偶姓名"),
    "spouse_document_number": ("spousecertno spousecert spouseidno", "配偶证件"),
    "registry_number": ("regno registryno licenseno", "注册号 营业执照"),
    "legal_representative_name": ("legalrepnm legalrepname legalrep", "法定代表人 法人姓名"),
    "industry": ("industry industrycd", "行业"),
    "party_type": ("custtyp custtype partytype apptyp", "客户类型"),
    "is_verified": ("verifiedflg flgverifiedstat faceverified isverified", "核查"),
    "opened_date": ("opendt opendate registeredat createdat createdt dateopened", "开户日期 建立日期"),
    "updated_at": ("updtm upddt updtime updatedat updatetime lastmodified etlloadtime", "更新时间 修改时间"),
    "branch_code": ("branchno branchcode branch orgno instno codcchomebrn brno", "机构号 网点 开户机构"),
}
_ACCOUNT = {
    "opened_date": ("opendt opendate startdt startdate issued issuedt opened date", "开户日期 发卡日期 起息日"),
    "currency": ("ccy currency curcd cur", "币种"),
    "status": ("statuscd status sts acctstatus state", "状态"),
    "product": ("product prodcode prodtype type accttype cardtype", "产品"),
    "account_class": ("acctclass accountclass", "账户分类"),
    "balance": ("bal balance currentbalance balamt loanbalance", "余额"),
    "overdue_days": ("overduedays overdue dpd", "逾期天数"),
    "branch_code": ("branchno branchcode branch orgno brno", "机构号 网点"),
}
_TRANSACTION = {
    "occurred_at": ("txntm txntime txndt txndate trandate transdate date bookdate tradetime time", "交易时间 交易日期"),
    "amount": ("amt amount txnamt tranamt", "交易金额 发生额"),
    "direction": ("dcflg dcflag direction crdr drcr type", "借贷"),
    "transaction_type": ("txntyp txntype trantype ksymbol operation summarycode", "交易类型 摘要码"),
    "balance_after": ("balance bal balanceafter acctbal", "余额"),
}
_BALANCE = {
    "balance_date": ("baldt baldate date stmtdt", "余额日期"),
    "balance": ("bal balance amt", "余额"),
}
_HOLDER = {"holder_role": ("type role relation holdertype ownertype", "关系 角色 权限")}

# role of a table → attributes to look for
ATTRIBUTES = {
    "party": _PARTY,
    "account": _ACCOUNT,
    "loan": _ACCOUNT,
    "card": _ACCOUNT,
    "transaction": _TRANSACTION,
    "balance": _BALANCE,
    "holder": _HOLDER,
    "other": {},
}
# role of a table → words its name or comment holds; the first role that fits counts
ROLES = (
    ("transaction", "transaction transactions trans tran txn txns flow journal movement", "流水 交易明细"),
    ("balance", "balance balances dailybalance bal", "余额"),
    ("holder", "disp disposition holder holders owner owners accountholder acctholder", "账户持有 权属"),
    ("loan", "loan loans contract iou", "贷款 借据"),
    ("card", "card cards creditcard", "卡"),
    ("account", "account accounts acct accts deposit", "账户"),
    (
        "party",
        "client clients customer customers cust custs custmast person persons party parties member members ecif "
        "cardholder applicant user users company companies organization",
        "客户 个人信息 企业信息",
    ),
)  # fmt: skip
# attribute whose values are codes of the bank → its code set, where that depends on nothing else
CODE_SETS = {
    "document_type": "document_type",
    "sex": "sex",
    "party_type": "party_type",
    "direction": "direction",
    "holder_role": "holder_role",
}
CODE_MEANINGS = {
    "document_type": "resident_id, passport, uscc, … (docs/onboarding.md)",
    "sex": "M, F",
    "party_type": "person, organization",
    "direction": "in, out",
    "holder_role": "owner, other",
    "account_status": "active, dormant, overdue, closed",
}


def plain(name: str) -> str:
    """A name without case and separators, as the spellings are kept."""
    return re.sub(r"[^0-9a-z]", "", name.lower())


def snake(name: str) -> str:
    """A name as this project writes columns: `k-Symbol` becomes k_symbol, what has no letters a plain one."""
    words = re.sub(r"[^0-9a-zA-Z]+", "_", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)).strip("_").lower()
    return words if re.match(r"[a-z]", words) else f"column_{words}".rstrip("_")


def role_of(table: str, comment: str) -> str:
    """What kind of table this is, by its name and comment; `other` when they tell nothing."""
    words = {plain(table), *re.split(r"[^0-9a-z]+", table.lower())}
    for role, names, chinese in ROLES:
        if words & set(names.split()) or any(word in comment for word in chinese.split()):
            return role
    return "other"


def attribute_of(role: str, column: str, comment: str) -> tuple[str, str] | None:
    """The attribute a column's name or comment speaks of, and which of the two; None when neither does."""
    for attribute, (names, _) in ATTRIBUTES[role].items():
        if plain(column) in names.split():
            return attribute, "name"
    for attribute, (_, chinese) in ATTRIBUTES[role].items():
        if comment and any(word in comment for word in chinese.split()):
            return attribute, "comment"
    return None
