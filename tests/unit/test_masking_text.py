"""What is found in Chinese notes and how it looks afterwards."""

import pytest

from masking.text import Known, TextMasker, entity_masks
from warehouse.policy import load_policy
from warehouse.settings import load_settings

KNOWN = {"王小明", "李红", "阿卜来提·如则托合提", "高山", "欧阳娜娜"}
REGIONS = {"北京市", "海淀区", "浙江省", "浙江", "杭州市", "杭州", "西湖区", "西湖"}


@pytest.fixture(scope="module")
def masker():
    return TextMasker(load_policy(load_settings(environ={})), KNOWN, REGIONS)


def masked(masker, text, names=(), details=()):
    return masker.mask(text, Known(frozenset(names), frozenset(details)))[0]


@pytest.mark.parametrize(("clear", "expected"), [
    ("身份证号11010519491231002X，已核实", "身份证号110105********002X，已核实"),
    ("证件号11010519491231002x", "证件号110105********002X"),
    ("旧证110105491231002。", "旧证110105*****1002。"),
    ("手机13812345678反映", "手机138****5678反映"),
    ("手机138-1234-5678", "手机138****5678"),
    ("手机138 1234 5678，", "手机138****5678，"),
    ("电话+8613812345678", "电话138****5678"),
    ("座机0571-88886666转办", "座机0571-****6666转办"),
    ("卡号6228480402564890018挂失", "卡号622848*********0018挂失"),
    ("卡号6228 4804 0256 4890 018挂失", "卡号622848*********0018挂失"),
    ("邮箱zhangsan@163.com。", "邮箱z***@163.com。"),
    ("通行证H12345678", "通行证H******78"),
    ("台胞证12345678", "台胞证1*****78"),
    ("护照E12345678", "护照E******78"),
    ("身份证C12345678，已通知", "身份证C******78，已通知"),
    ("父亲身份证号为12345678，代办", "父亲身份证号为1*****78，代办"),
    ("证件号码：A12345678；", "证件号码：A******78；"),
    ("公司代码91350100M000100Y43", "公司代码**************0Y43"),
    ("写错的证件110105194912310021", "写错的证件1101**********0021"),
    ("账号620012345678", "账号6200****5678"),
])  # fmt: skip
def test_numbers(masker, clear, expected):
    assert masked(masker, clear) == expected


@pytest.mark.parametrize("text", [
    "转账120000元，工单已结", "2026-03-02 10:15:00来电", "利率3.85%，期限36个月", "客户很高兴，高峰时段排队",
    "杭州市理财产品利率", "客户称银行卡被吞", "咨询营业网点周末上班时间，已告知，客户未留姓名。", "高山流水",
])  # fmt: skip
def test_ordinary_text_stays(masker, text):
    assert masked(masker, text) == text


@pytest.mark.parametrize(("clear", "expected"), [
    ("客户王小明来电", "客户**明来电"),
    ("王小明的账户", "**明的账户"),
    ("李红女士投诉", "*红女士投诉"),
    ("客户阿卜来提·如则托合提要求销户", "客户阿*********要求销户"),
    ("配偶张红转告", "配偶*红转告"),
    ("姓名：司马光明；", "姓名：***明；"),
    ("联系陈晓东先生", "联系**东先生"),
    ("周先生来电", "周先生来电"),
    ("欧阳娜娜挂失", "***娜挂失"),
])  # fmt: skip
def test_names(masker, clear, expected):
    assert masked(masker, clear) == expected


def test_an_own_name_is_found_wherever_it_stands(masker):
    assert masked(masker, "转给高山流水账户") == "转给高山流水账户"
    assert masked(masker, "转给高山流水账户", names=["高山"]) == "转给*山流水账户"


@pytest.mark.parametrize(("clear", "expected"), [
    ("家住浙江省杭州市西湖区文三路20号3单元502室要求变更", "家住浙江省杭州市西湖区********要求变更"),
    ("家住杭州西湖文三路20号", "家住********"),
    ("地址为北京市海淀区中关村大街1号院5号楼，收件人李红", "地址为北京市海淀区********，收件人*红"),
    ("变更为文三路20号。", "变更为********。"),
    ("家住张家村3组，", "家住********，"),
    ("西湖区网点排队", "西湖区网点排队"),
])  # fmt: skip
def test_addresses(masker, clear, expected):
    assert masked(masker, clear) == expected


def test_a_known_address_is_found_without_its_region(masker):
    assert masked(masker, "补卡寄水榭花都八栋", details=["水榭花都八栋"]) == "补卡寄********"


def test_finds_are_counted_by_kind(masker):
    _, counts = masker.mask("客户王小明，手机13812345678，13987654321", Known())
    assert counts == {"MOBILE": 2, "PERSON": 1}


def test_no_known_name_survives_inside_what_another_mask_shows(masker):
    name = "海淀区"  # a person may be called so in a source system
    stranger = TextMasker(load_policy(load_settings(environ={})), {name}, REGIONS)
    text, _ = stranger.mask("地址为北京市海淀区中关村大街1号", Known())
    assert name not in text


def test_every_kind_of_find_has_a_mask_in_the_registry():
    policy = load_policy(load_settings(environ={}))
    assert "none" not in entity_masks(policy).values()
