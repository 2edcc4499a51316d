from app.core.pinyin import to_search, to_sort


def test_chinese_is_found_by_syllables_and_by_initials() -> None:
    assert to_search(["PCB 裸板缺陷分类"]) == "luobanquexianfenlei lbqxfl"
    assert to_search(["重庆", "no Chinese", "重庆"]) == "chongqing cq"
    assert to_search([]) == ""


def test_titles_sort_as_in_a_dictionary() -> None:
    titles = ["循环取货", "作业车间", "PCB 裸板", "板翅散热器"]
    assert sorted(titles, key=to_sort) == ["板翅散热器", "PCB 裸板", "循环取货", "作业车间"]
