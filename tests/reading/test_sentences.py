"""Invented sentences in three languages, and what is read out of them: (text of the figure, value, unit, wording, period)."""

# ruff: noqa: E501 (tables of cases are read more easily with a case on a line)
from __future__ import annotations

from datetime import date

import pytest

import keruen as kr
from keruen.reading.propose import propose

TODAY = date(2024, 11, 28)
CASE = kr.load("kazakhstan")
Row = tuple[str, float | None, str, str, str]

VI: dict[str, list[Row]] = {
    "Kim ngạch thương mại hai chiều năm 2024 đạt 43,8 tỷ USD, tăng 9,2% so với năm trước.": [
        ("43,8 tỷ USD", 43.8, "USD bn", "", "2024"), ("9,2%", 9.2, "percent", "rose by", "2024")],
    "Trong 9 tháng đầu năm 2024, Kazakhstan xuất khẩu 51,4 triệu tấn dầu, giảm 3,1% so với cùng kỳ năm ngoái.": [
        ("51,4 triệu tấn", 51.4, "Mt", "", "2024-01/2024-09"), ("3,1%", 3.1, "percent", "fell by", "2024-01/2024-09")],
    "Công suất cảng Aktau sẽ tăng từ 40.000 TEU lên 240.000 TEU mỗi năm vào năm 2029.": [
        ("40.000 TEU", 40000, "TEU", "from", "2029"), ("240.000 TEU mỗi năm", 240000, "TEU a year", "rose to", "2029")],
    "Hai nước đã ký 15 văn kiện trị giá hơn 2,5 tỷ euro.": [("15 văn kiện", 15, "documents", "", ""), ("2,5 tỷ euro", 2.5, "EUR bn", "more than", "")],
    "Kazakhstan khai thác khoảng 1,8 triệu thùng/ngày.": [("1,8 triệu thùng/ngày", 1.8, "m barrels a day", "about", "")],
    "Hãng khai thác 4 chuyến bay mỗi tuần giữa Almaty và Nha Trang từ tháng 10/2023.": [("4 chuyến bay mỗi tuần", 4, "flights a week", "", "2023-10")],
    "Số du khách tăng gấp 3 lần, lên hơn 150.000 lượt khách.": [("gấp 3 lần", 3, "times", "rose", ""), ("150.000 lượt khách", 150000, "tourists", "more than", "")],
    "Đoàn tàu chạy với tốc độ 120 km/h, rút ngắn thời gian từ 50 ngày xuống còn 15 ngày.": [
        ("120 km/h", 120, "km/h", "", ""), ("50 ngày", 50, "days", "from", ""), ("15 ngày", 15, "days", "fell to", "")],
    "Dân số Kazakhstan vượt mốc 20 triệu người vào tháng 11/2023.": [("20 triệu người", 20, "m people", "more than", "2023-11")],
    "Lạm phát tăng 0,5 điểm phần trăm lên 12,3%.": [("0,5 điểm phần trăm", 0.5, "percentage points", "rose by", ""), ("12,3%", 12.3, "percent", "rose to", "")],
    "Giá dầu tăng 1,25 USD lên 74,49 USD/thùng.": [("1,25 USD", 1.25, "USD", "rose by", ""), ("74,49 USD/thùng", 74.49, "USD a barrel", "rose to", "")],
    "Một phần ba lượng ngũ cốc được xuất sang Uzbekistan.": [("Một phần ba", 33.3333333333, "percent", "fraction", "")],
    "Hàng trăm toa xe bị ùn tắc.": [("Hàng trăm toa xe", None, "wagons", "hundreds of", "")],
    "Tổ chức gồm 10 quốc gia thành viên, chiếm gần một nửa dân số thế giới.": [("10 quốc gia thành viên", 10, "countries", "", ""), ("một nửa", 50, "percent", "half", "")],
    "Dự án trị giá 8.000 tỷ đồng xử lý 1.200 tấn/ngày.": [("8.000 tỷ đồng", 8000, "VND bn", "", ""), ("1.200 tấn/ngày", 1200, "t a day", "", "")],
    "Xuất khẩu đạt 1,5 – 2 triệu tấn/năm.": [("1,5 – 2 triệu tấn/năm", 1.5, "Mt a year", "range from", ""), ("1,5 – 2 triệu tấn/năm", 2, "Mt a year", "range to", "")],
    "Theo Nghị định số 15/2023/NĐ-CP, thuế suất là 5%.": [("5%", 5, "percent", "", "")],
    "Năm tàu chở dầu mới sẽ được đóng trước năm 2028.": [("Năm tàu chở dầu", 5, "tankers", "", "2028")],
    "Nước này mua hai tàu chở dầu và sẽ mua thêm hai tàu nữa.": [("hai tàu chở dầu", 2, "tankers", "", ""), ("hai tàu", 2, "tankers", "", "")],
    "Cuộc gặp diễn ra lúc 15h30 tại phòng họp.": [],
    "Hai nước và ba bên cùng ký, theo bà Ba Lan.": [],
    "Tuyến đường dài 454km đi qua khu vực rộng 2.717km2.": [("454km", 454, "km", "", ""), ("2.717km2", 2717, "km2", "", "")],
    "Trung Quốc là đối tác thương mại lớn nhất của Kazakhstan.": [("lớn nhất", 1, "rank", "superlative", "")],
    "Cảng này là một trong 3 cảng lớn nhất Trung Á.": [("3", 3, "rank", "among the top", "")],
    "Trong tháng 7, xuất khẩu giảm xuống 37.470 tấn từ 89.925 tấn trong tháng 6/2019.": [
        ("37.470 tấn", 37470, "t", "fell to", "2024-07"), ("89.925 tấn", 89925, "t", "", "2019-06")],
}  # fmt: skip
EN: dict[str, list[Row]] = {
    "Trade rose 9.2% year-on-year to a record $43.8 billion in 2024.": [("9.2%", 9.2, "percent", "rose by", "2024"), ("$43.8 billion", 43.8, "USD bn", "record", "2024")],
    "Capacity is to reach 10 million tonnes a year by 2027, up from 6 million tonnes.": [("10 million tonnes a year", 10, "Mt a year", "", "2027"), ("6 million tonnes", 6, "Mt", "", "")],
    "Container traffic jumped 2.6-fold to 56,500 TEU in the first nine months of 2024.": [("2.6-fold", 2.6, "times", "rose", "2024-01/2024-09"), ("56,500 TEU", 56500, "TEU", "", "2024-01/2024-09")],
    "The 272-km line will cost 577.7 billion tenge.": [("272-km", 272, "km", "", ""), ("577.7 billion tenge", 577.7, "KZT bn", "", "")],
    "More than 300 companies from 27 countries took part.": [("300 companies", 300, "companies", "more than", ""), ("27 countries", 27, "countries", "", "")],
    "The share fell by 3.5 percentage points to 19.8 percent.": [("3.5 percentage points", 3.5, "percentage points", "fell by", ""), ("19.8 percent", 19.8, "percent", "fell to", "")],
    "The EU pledged €10 billion ($10.8bn) in January 2024.": [("€10 billion", 10, "EUR bn", "", "2024-01"), ("$10.8bn", 10.8, "USD bn", "", "2024-01")],
    "Exports doubled, while imports tripled.": [("doubled", 2, "times", "", ""), ("tripled", 3, "times", "", "")],
    "Uzbekistan plans to buy up to 10 bcm of gas annually.": [("10 bcm", 10, "bn m3 a year", "up to", "")],
    "The price cap of $60 per barrel came into force.": [("$60 per barrel", 60, "USD a barrel", "", "")],
    "The port handled 3.8m tonnes, one third of it grain.": [("3.8m tonnes", 3.8, "Mt", "", ""), ("one third", 33.3333333333, "percent", "fraction", "")],
    "Tens of thousands of workers and hundreds of millions of dollars are at stake.": [
        ("Tens of thousands of workers", None, "workers", "tens of thousands of", ""), ("hundreds of millions of dollars", None, "USD m", "hundreds of", "")],
    "The tariff rose from 5,500 to 6,250 tenge per tonne.": [
        ("5,500", 5500, "KZT a t", "from", ""), ("6,250 tenge per tonne", 6250, "KZT a t", "rose to", "")],
    "It takes from 5 to 7 days.": [("5 to 7 days", 5, "days", "range from", ""), ("5 to 7 days", 7, "days", "range to", "")],
    "Boeing 737 and Airbus A320 jets use runway 05 under Covid-19 rules.": [],
    "Almost 12 million people and at least 40 wagons.": [("12 million people", 12, "m people", "nearly", ""), ("40 wagons", 40, "wagons", "at least", "")],
    "Volumes went from 800,000 to a whopping 4.5 million tons.": [("800,000", 800000, "t", "from", ""), ("4.5 million tons", 4.5, "Mt", "", "")],
    "They share it on a 50:50 basis.": [],
}  # fmt: skip
RU: dict[str, list[Row]] = {
    "Товарооборот в 2024 году вырос на 9,2% и достиг рекордных 43,8 млрд долларов.": [("9,2%", 9.2, "percent", "rose by", "2024"), ("43,8 млрд долларов", 43.8, "USD bn", "record", "2024")],
    "К 2029 году мощность порта увеличится до 240 тыс. ДФЭ в год.": [("240 тыс. ДФЭ в год", 240, "thousand TEU a year", "rose to", "2029")],
    "Перевозки выросли в 2,6 раза, до 56 500 контейнеров.": [("в 2,6 раза", 2.6, "times", "", ""), ("56 500 контейнеров", 56500, "containers", "rose to", "")],
    "Экспорт увеличился вдвое, импорт — в три раза.": [("вдвое", 2, "times", "", ""), ("в три раза", 3, "times", "", "")],
    "Доля снизилась на 3,5 п.п.": [("3,5 п.п.", 3.5, "percentage points", "fell by", "")],
    "Стороны подписали 24 межправительственных и межведомственных документа на сумму свыше 2,5 млрд евро.": [
        ("24 межправительственных и межведомственных документа", 24, "documents", "", ""), ("2,5 млрд евро", 2.5, "EUR bn", "more than", "")],
    "Расстояние сократилось с 50 до 15 суток.": [("50", 50, "days", "from", ""), ("15 суток", 15, "days", "fell to", "")],
    "Половина экспорта идет через Россию.": [("Половина", 50, "percent", "half", "")],
    "Десятки тысяч студентов учатся там.": [("Десятки тысяч студентов", None, "students", "tens of thousands of", "")],
    "Два танкера дедвейтом около 8 тыс. тонн поставлены в 2023 году.": [("Два танкера", 2, "tankers", "", "2023"), ("8 тыс. тонн", 8, "kt", "about", "2023")],
    "Ежедневно курсирует 10–12 поездов.": [("10–12 поездов", 10, "trains", "range from", ""), ("10–12 поездов", 12, "trains", "range to", "")],
    "Не менее 225 человек погибли в январе 2022 года.": [("225 человек", 225, "people", "at least", "2022-01")],
    "Грузооборот достиг 272 млрд тонно-километров.": [("272 млрд тонно-километров", 272, "bn t km", "", "")],
    "Почти 4,2\u00a0млн тонн, более 1\u00a0500\u00a0км.": [("4,2\u00a0млн тонн", 4.2, "Mt", "nearly", ""), ("1\u00a0500\u00a0км", 1500, "km", "more than", "")],
}  # fmt: skip


@pytest.mark.parametrize(("text", "rows", "language"), [(t, r, lang) for lang, cases in (("vi", VI), ("en", EN), ("ru", RU)) for t, r in cases.items()])
def test_sentence(text: str, rows: list[Row], language: str) -> None:
    found = propose(text, CASE, "doc", language=language, today=TODAY).proposals
    figures = [(p.figure_text, p.value, p.unit, p.wording, p.period) for p in found if p.unit not in ("date", "year")]
    assert figures == rows


@pytest.mark.parametrize(("text", "language", "countries", "places", "organisations", "commodities"), [
    ("Nga và Mỹ mua 5 triệu tấn than từ Kazakhstan qua cảng Aktau, theo EAEU.", "vi", ("RU", "US", "KZ"), ("aktau-port",), ("EAEU",), ("bulk",)),
    ("Đồng đô la Mỹ tăng 5%, và anh ấy mặc áo đẹp.", "vi", (), (), (), ()),
    ("CPC shipped 5 Mt of crude from Tengiz to Türkiye.", "en", ("TR",), ("tengiz",), ("CPC",), ("crude",)),
    ("Россия и Китай перевезли 5 млн тонн зерна через Достык; ОДКБ.", "ru", ("RU", "CN"), ("dostyk",), ("CSTO",), ("grain",)),
])  # fmt: skip
def test_names(text: str, language: str, countries: tuple[str, ...], places: tuple[str, ...], organisations: tuple[str, ...], commodities: tuple[str, ...]) -> None:
    row = propose(text, CASE, "doc", language=language).proposals[0]
    assert (row.countries, row.places, row.organisations, row.commodities) == (countries, places, organisations, commodities)


@pytest.mark.parametrize(("text", "language", "dates"), [
    ("Tuyến đường sắt khánh thành ngày 17-4-1995.", "vi", [("ngày 17-4-1995", "date", "1995-04-17")]),
    ("Đường bay được mở từ năm 2022, với 7 chuyến mỗi tuần.", "vi", [("từ năm 2022", "year", "2022")]),
    ("They signed a treaty on 5 July 2013.", "en", [("5 July 2013", "date", "2013-07-05")]),
    ("Договор подписан 12 ноября 2025 года.", "ru", [("12 ноября 2025 года", "date", "2025-11-12")]),
])  # fmt: skip
def test_dated_events(text: str, language: str, dates: list[tuple[str, str, str]]) -> None:
    found = propose(text, CASE, "doc", language=language).proposals
    assert [(p.figure_text, p.unit, p.period) for p in found if p.unit in ("date", "year")] == dates
