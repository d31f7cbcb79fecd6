"""The demo's world: three dealers in three cities, their customers and cars, and one recall.

Decides what stands in the files that the demo imports. Everything is generated from one seed; no person and no car is
real. Two cars are made by hand because the story is about them: one that visits two dealers, and one that is recalled.
"""

import csv
import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from carnet_protocol.vin import check_digit

DATA = Path(__file__).resolve().parent / "data"
SEED = 20_022
CUSTOMERS_PER_DEALER = 300

SURNAMES = "王李张刘陈杨黄赵周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉梅鑫宇浩然子涵欣怡雨泽梓萱"
STREETS = ("解放路", "人民路", "中山路", "建设路", "文化路", "新华路", "和平路", "胜利路", "滨江大道", "学院路")
MAKES = (
    ("LSV", "AU2A4", "大众"),
    ("LHG", "CP168", "本田"),
    ("LSG", "PB54R", "别克"),
    ("LFV", "3A23C", "大众"),
    ("LVS", "HFFAL", "福特"),
)
YEAR_CODES = "HJKLMNPR"
"""Model years 2017 to 2024."""

SHARED_VIN_SERIAL = 4_711
RECALL_MEMBERS = 40


@dataclass(frozen=True, slots=True)
class Dealer:
    """One dealer of the demo."""

    code: str
    name: str
    city_code: str
    city: str
    plate_letters: str


DEALERS = (
    Dealer("HZ01", "杭州西湖服务中心", "3301", "杭州市", "浙A"),
    Dealer("WH01", "武汉光华服务站", "4201", "武汉市", "鄂A"),
    Dealer("CD01", "成都锦江快修店", "5101", "成都市", "川A"),
)


@dataclass(frozen=True, slots=True)
class Car:
    """A car with its plate and model."""

    vin: str
    plate: str
    model: str


@dataclass(frozen=True, slots=True)
class Person:
    """A generated customer with one car."""

    former_id: str
    name: str
    mobile: str
    province_code: str
    city_code: str
    district_code: str
    street: str
    car: Car


def make_vin(wmi: str, descriptor: str, year_code: str, serial: int) -> str:
    """A VIN with a right check digit; descriptor fills positions 4 to 8, the serial 12 to 17."""
    draft = f"{wmi}{descriptor}0{year_code}2{serial:06d}"
    return draft[:8] + check_digit(draft) + draft[9:]


def shared_car() -> Car:
    """The car that visits two dealers while both are offline."""
    return Car(make_vin("LHG", "CP168", "K", SHARED_VIN_SERIAL), "浙A8K471", "雅阁")


def people(dealer: Dealer) -> list[Person]:
    """The customers of one dealer, always the same."""
    chance = random.Random(f"{SEED}/{dealer.code}")
    districts = [row for row in _divisions() if row["city_code"] == dealer.city_code]
    return [_person(chance, dealer, districts, number) for number in range(CUSTOMERS_PER_DEALER)]


def recall_vins() -> list[str]:
    """Members of the demo's campaign: the shared car, and some of every dealer's own."""
    own = [person.car.vin for dealer in DEALERS for person in people(dealer) if person.car.vin.startswith("LHG")]
    return sorted({shared_car().vin, *own[:RECALL_MEMBERS]})


def write_import_files(folder: Path, dealer: Dealer) -> dict[str, Path]:
    """The files of a former system: customers and vehicles, as its export would look."""
    folder.mkdir(parents=True, exist_ok=True)
    customers, vehicles = folder / f"{dealer.code}-customers.csv", folder / f"{dealer.code}-vehicles.csv"
    listed = people(dealer)
    _write(
        customers,
        ["former_id", "party_kind", "full_name", "phone", "province_code", "city_code", "district_code", "street"],
        (
            [
                one.former_id,
                "person",
                one.name,
                one.mobile,
                one.province_code,
                one.city_code,
                one.district_code,
                one.street,
            ]
            for one in listed
        ),
    )
    _write(
        vehicles,
        ["former_id", "vin", "plate_no", "model_name", "customer_former_id", "role"],
        ([f"V{one.former_id}", one.car.vin, one.car.plate, one.car.model, one.former_id, "owner"] for one in listed),
    )
    return {"customers": customers, "vehicles": vehicles}


CAMPAIGN_NO = "R2026-001"


def write_campaign(folder: Path) -> Path:
    """The folder of a campaign: texts in the shape of a real announcement, and the list of vehicles."""
    folder.mkdir(parents=True, exist_ok=True)
    vins = recall_vins()
    texts = {
        "campaign_no": CAMPAIGN_NO,
        "title": "部分雅阁系列轿车制动助力管召回",
        "producer": "示例汽车有限公司",
        "scope": "2019年1月至2024年6月生产的部分车辆",
        "defect": "制动助力真空管在低温下可能开裂，制动助力减弱。",
        "hazard": "制动距离可能变长，存在碰撞隐患。",
        "emergency_advice": "制动踏板变硬时请降低车速、保持车距，并尽快联系最近的经销商。",
        "remedy": "免费更换改进后的制动助力真空管。",
        "hazard_level": "normal",
    }
    lines = [f"{name} = {json.dumps(text, ensure_ascii=False)}" for name, text in texts.items()]
    lines.append(f"member_count = {len(vins)}")
    (folder / "campaign.toml").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "vins.txt").write_text("\n".join(vins) + "\n", encoding="utf-8")
    return folder


def _person(chance: random.Random, dealer: Dealer, districts: list[dict[str, str]], number: int) -> Person:
    wmi, descriptor, model = chance.choice(MAKES)
    district = chance.choice(districts)
    serial = 100_000 + DEALERS.index(dealer) * 10_000 + number
    given = "".join(chance.choice(GIVEN) for _ in range(chance.choice((1, 2))))
    return Person(
        f"C{number + 1:04d}",
        chance.choice(SURNAMES) + given,
        f"1{chance.choice('35789')}{chance.randrange(10)}0000{chance.randrange(10_000):04d}",
        district["province_code"],
        district["city_code"],
        district["code"],
        f"{district['district']}{chance.choice(STREETS)}{chance.randrange(1, 400)}号",
        Car(
            make_vin(wmi, descriptor, chance.choice(YEAR_CODES), serial),
            f"{dealer.plate_letters}{chance.choice('ABCDEFGHJK')}{chance.randrange(10_000):04d}",
            model,
        ),
    )


def _divisions() -> list[dict[str, str]]:
    with (DATA / "divisions.csv").open(encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


def _write(path: Path, header: list[str], rows: Iterator[list[str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(header)
        writer.writerows(rows)
