"""Addresses as customers and clerks write them, and what the models read in them: the project's own cases."""

from __future__ import annotations

from typing import Any

import pytest

from tests.standardise import address_models, connect

HUBEI, ZHEJIANG, BEIJING = "湖北省", "浙江省", "北京市"

# address → province, city, district of today, issue
REGIONS: dict[str, tuple[str | None, str | None, str | None, str | None]] = {
    # in full, with and without the levels that may be left out
    "北京市海淀区中关村大街27号": (BEIJING, BEIJING, "海淀区", None),
    "北京市北京市西城区月坛南街1号": (BEIJING, BEIJING, "西城区", None),
    "北京市市辖区朝阳区望京街道": (BEIJING, BEIJING, "朝阳区", None),
    "天津市和平区南京路189号": ("天津市", "天津市", "和平区", None),
    "浙江省杭州市西湖区文三路199号": (ZHEJIANG, "杭州市", "西湖区", None),
    "浙江省西湖区文三路199号": (ZHEJIANG, "杭州市", "西湖区", None),
    "杭州市西湖区文三路199号": (ZHEJIANG, "杭州市", "西湖区", None),
    "湖北省仙桃市干河街道": (HUBEI, None, "仙桃市", None),
    "广东省东莞市虎门镇": ("广东省", "东莞市", None, None),
    "吉林省吉林市船营区": ("吉林省", "吉林市", "船营区", None),
    "香港特别行政区中西区": ("香港特别行政区", None, None, None),
    # abbreviated
    "北京海淀中关村大街27号": (BEIJING, BEIJING, "海淀区", None),
    "浙江杭州西湖文三路199号": (ZHEJIANG, "杭州市", "西湖区", None),
    "上海浦东世纪大道100号": ("上海市", "上海市", "浦东新区", None),
    "上海市浦东区张江镇": ("上海市", "上海市", "浦东新区", None),
    "吉林长春朝阳区": ("吉林省", "长春市", "朝阳区", None),
    "辽宁朝阳双塔区": ("辽宁省", "朝阳市", "双塔区", None),
    "江苏苏州吴江盛泽镇": ("江苏省", "苏州市", "吴江区", None),
    "新疆石河子市老街街道": ("新疆维吾尔自治区", None, "石河子市", None),
    "义乌江东街道下湾村": (ZHEJIANG, "金华市", "义乌市", None),
    # autonomous regions, with and without their nationalities
    "湖北省恩施土家族苗族自治州咸丰县": (HUBEI, "恩施土家族苗族自治州", "咸丰县", None),
    "湖北省恩施州利川市都亭街道": (HUBEI, "恩施土家族苗族自治州", "利川市", None),
    "湖北省宜昌市长阳县龙舟坪镇": (HUBEI, "宜昌市", "长阳土家族自治县", None),
    "湖北宜昌长阳龙舟坪镇": (HUBEI, "宜昌市", "长阳土家族自治县", None),
    "重庆市石柱县龙沙镇": ("重庆市", "重庆市", "石柱土家族自治县", None),
    "广西省南宁市青秀区": ("广西壮族自治区", "南宁市", "青秀区", None),
    "云南省文山州砚山县稼依镇": ("云南省", "文山壮族苗族自治州", "砚山县", None),
    "新疆克孜勒苏柯尔克孜自治州阿克陶县": ("新疆维吾尔自治区", "克孜勒苏柯尔克孜自治州", "阿克陶县", None),
    "内蒙古赤峰市克什克腾旗": ("内蒙古自治区", "赤峰市", "克什克腾旗", None),
    # retired names lead to the region of today, and say so
    "湖北省襄樊市襄阳区张湾镇": (HUBEI, "襄阳市", "襄州区", "retired_region"),
    "湖北襄樊": (HUBEI, "襄阳市", None, "retired_region"),
    "四川省达县南外镇": ("四川省", "达州市", "达川区", "retired_region"),
    "浙江省萧山市城厢街道": (ZHEJIANG, "杭州市", "萧山区", "retired_region"),
    "杭州市富阳市富春街道": (ZHEJIANG, "杭州市", "富阳区", "retired_region"),
    "河南省陕县大营镇": ("河南省", "三门峡市", "陕州区", "retired_region"),
    "陕西省华县": ("陕西省", "渭南市", "华州区", "retired_region"),
    "广西南宁横县横州镇": ("广西壮族自治区", "南宁市", "横州市", "retired_region"),
    "山东省莱芜市莱城区": ("山东省", "济南市", "莱芜区", "retired_region"),
    "四川省重庆市江北区观音桥": ("重庆市", "重庆市", "江北区", "retired_region"),
    "四川省涪陵地区南川县": ("重庆市", "重庆市", "南川区", "retired_region"),
    "广东省海口市秀英区": ("海南省", "海口市", "秀英区", "retired_region"),
    # a divided district has no successor: the city stays, a district is not chosen for it
    "浙江省杭州市江干区凯旋路1号": (ZHEJIANG, "杭州市", None, "divided_region"),
    "石家庄市桥东区中山东路1号": ("河北省", "石家庄市", None, "divided_region"),
    # a county-level city that bears the name of a former prefecture
    "安徽省巢湖市黄麓镇": ("安徽省", "合肥市", "巢湖市", None),
    # several districts bear the name: only the name is known
    "朝阳区望京街道1号": (None, None, "朝阳区", "ambiguous_region"),
    "西湖区文三路1号": (None, None, "西湖区", "ambiguous_region"),
    "鼓楼区中山北路1号": (None, None, "鼓楼区", "ambiguous_region"),
    "桥东区解放路1号": ("河北省", None, "桥东区", "ambiguous_region"),
    # a district that the city does not have is not forced upon it
    "宁波市余杭区南苑街道": (ZHEJIANG, "宁波市", None, "unknown_district"),
    # no region is invented from streets, estates and institutions that bear the name of one
    "朝阳路12号": (None, None, None, "no_region"),
    "北京朝阳路5号": (BEIJING, None, None, None),
    "南京东路100号": (None, None, None, "no_region"),
    "长沙路5号": (None, None, None, "no_region"),
    "黄山路5号": (None, None, None, "no_region"),
    "中山路12号": (None, None, None, "no_region"),
    "凤凰城小区3栋": (None, None, None, "no_region"),
    "浙江大学紫金港校区": (None, None, None, "no_region"),
    "湖州中心医院住院部": (None, None, None, "no_region"),
    "杭州大厦B座": (None, None, None, "no_region"),
    "望江街道钱江路1号": (None, None, None, "no_region"),
    "金沙苑15栋1单元": (None, None, None, "no_region"),
    "城区人民路": (None, None, None, "no_region"),
    # written twice, with separators, labels, a post code, a country, or a town in front
    "金华金华市义乌市江东街道": (ZHEJIANG, "金华市", "义乌市", None),
    "浙江省杭州市余杭区 浙江省杭州市余杭区 五常街道": (ZHEJIANG, "杭州市", "余杭区", None),
    "浙江省-台州市-路桥区马铺路": (ZHEJIANG, "台州市", "路桥区", None),
    "浙江省温州市null浙江省温州市永嘉县": (ZHEJIANG, "温州市", "永嘉县", None),
    "中国浙江省杭州市余杭区文一西路969号": (ZHEJIANG, "杭州市", "余杭区", None),
    "310000浙江省杭州市西湖区": (ZHEJIANG, "杭州市", "西湖区", None),
    "地址：浙江省杭州市西湖区": (ZHEJIANG, "杭州市", "西湖区", None),
    "东山街道秦皇岛市北戴河区黑石路43号": ("河北省", "秦皇岛市", "北戴河区", None),
    # two that contradict each other: the second one was typed, the first came from a form
    "广东省广州市花都区中国浙江省金华市义乌市口岸路": (ZHEJIANG, "金华市", "义乌市", "region_conflict"),
    # keyed in to get past a required field
    "测试地址": (None, None, None, "filler"),
    "1111": (None, None, None, "filler"),
    "同上": (None, None, None, "filler"),
    "无": (None, None, None, "filler"),
}

# address → its components below the district
COMPONENTS: dict[str, dict[str, str]] = {
    "浙江省杭州市西湖区北山街道文三路199号创业大厦B座8楼806室": {
        "town": "北山街道", "road": "文三路", "road_number": "199号", "poi": "创业大厦", "building": "B栋",
        "floor": "8楼", "room": "806室",
    },
    "北京市朝阳区望京街道阜通东大街6号院3号楼5单元1201": {
        "town": "望京街道", "road": "阜通东大街", "road_number": "6号院", "building": "3栋",
        "unit": "5单元", "room": "1201室",
    },
    "湖北省枣阳市双河镇三桥村三组4号": {"town": "双河镇", "village": "三桥村", "road_number": "3组4号"},
    "湖北省枣阳市吴店镇三桥村72号": {"town": "吴店镇", "village": "三桥村", "road_number": "72号"},
    "杭州市西湖区阳光小区７－２－５０１": {"poi": "阳光小区", "building": "7", "unit": "2", "room": "501"},
    "长虹路12号阳光小区十二幢2门501（老）": {
        "road": "长虹路", "road_number": "12号", "poi": "阳光小区", "building": "12栋", "unit": "2单元",
        "room": "501室",
    },
    "北京市海淀区中关村大街27号": {"road": "中关村大街", "road_number": "27号"},
    "景德镇路5号": {"road": "景德镇路", "road_number": "5号"},
    "浦阳路146浙江农林大学": {"road": "浦阳路", "road_number": "146", "poi": "浙江农林大学"},
    "上海市静安区共和新路街道柳营路669弄": {"town": "共和新路街道", "road": "柳营路", "road_number": "669弄"},
    "广东省东莞市虎门镇龙眼社区龙眼大道3号": {
        "town": "虎门镇", "village": "龙眼社区", "road": "龙眼大道", "road_number": "3号",
    },
    "上海浦东新区世纪大道100号环球金融中心15层某某公司": {
        "road": "世纪大道", "road_number": "100号", "poi": "环球金融中心", "floor": "15层",
    },
}  # fmt: skip
PARTS = ("town", "village", "road", "road_number", "poi", "building", "unit", "floor", "room")


@pytest.fixture(scope="module")
def standardised() -> dict[str, dict[str, Any]]:
    with connect() as con:
        address_models(con, {**REGIONS, **COMPONENTS})
        result = con.execute("select * from int_address__standardised")
        names = [column[0] for column in result.description]
        return {row[0]: dict(zip(names, row, strict=True)) for row in result.fetchall()}


@pytest.mark.parametrize("address", REGIONS)
def test_region_of_an_address(standardised, address):
    found = standardised[address]
    assert tuple(found[name] for name in ("province", "city", "district", "address_issue")) == REGIONS[address]


@pytest.mark.parametrize("address", COMPONENTS)
def test_components_of_an_address(standardised, address):
    found = {name: standardised[address][name] for name in PARTS if standardised[address][name]}
    assert found == COMPONENTS[address]


def test_the_name_that_was_written_is_kept(standardised):
    written = {
        "湖北省襄樊市襄阳区张湾镇": "襄阳区",
        "浙江省杭州市江干区凯旋路1号": "江干区",
        "重庆市石柱县龙沙镇": "石柱土家族自治县",
    }
    assert {address: standardised[address]["district_written"] for address in written} == written
    assert standardised["浙江省杭州市江干区凯旋路1号"]["address"] == "浙江省杭州市江干区凯旋路1号"
    assert standardised["湖北省襄樊市襄阳区张湾镇"]["address"] == "湖北省襄阳市襄州区张湾镇"


def test_a_filler_is_no_address(standardised):
    assert standardised["测试地址"]["address"] is None
    assert standardised["1111"]["room"] is None
