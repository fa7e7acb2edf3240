from peftline.recipe import Recipe
from peftline.schema import Evaluation
from peftline.tracking import changed, plain_parameters


def test_the_recipes_name_is_taken_off_so_that_recipes_share_columns():
    recipe = Recipe(adapter={"type": "lora", "rank": 8}, training={"epochs": 2.0})
    plain = plain_parameters("qlora", {"params:qlora": recipe, "params:seed": 7})
    assert plain["params:adapter"]["rank"] == 8
    assert plain["params:training"]["epochs"] == 2.0
    assert plain["params:quantization"] == {"type": "none"}
    assert plain["params:seed"] == 7
    assert not any("qlora" in name for name in plain)


def test_two_recipes_have_the_same_names():
    recipe = Recipe(adapter={"type": "lora"})
    names = [set(plain_parameters(n, {f"params:{n}": recipe})) for n in ("lora", "qlora")]
    assert names[0] == names[1]


def test_shared_settings_keep_their_names():
    plain = plain_parameters("lora", {"params:evaluation": Evaluation(max_new_tokens=9)})
    assert plain["params:evaluation"]["max_new_tokens"] == 9


def test_nested_parameters_of_a_recipe_are_named_alike():
    assert plain_parameters("lora", {"params:lora.training.epochs": 2.0}) == {
        "params:training.epochs": 2.0
    }


def test_data_and_paths_of_this_machine_are_not_logged():
    inputs = {"splits": object(), "lora.run": {}, "params:store_root": "/home/somebody/data"}
    assert plain_parameters("lora", inputs) == {}


def test_a_node_without_namespace_keeps_all_names():
    assert plain_parameters("", {"params:seed": 7, "base": 1}) == {"params:seed": 7}


def test_what_is_known_is_not_told_again_unless_it_has_changed():
    known = {"params:seed": 7, "params:training": {"epochs": 2.0}}
    assert changed(known, known) == {}
    assert changed(known, {}) == known
    other = known | {"params:training": {"epochs": 3.0}, "params:data": None}
    assert changed(other, known) == {"params:training": {"epochs": 3.0}, "params:data": None}
