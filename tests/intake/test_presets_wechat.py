"""WeCom, service account, mini program and Channels by preset: real headers, rows by hand.

Field names are those of the official pages and SDKs that the presets name; expected values were
worked out by hand (epoch 1767196800 is 2026-01-01 00:00 in Shanghai).
"""

# Headers stand as exported, however long.
# ruff: noqa: E501

import pytest
from export_files import LENIENT, export_config, seen, stored

from privdom_kit.intake import UnusableData, prepare

DAY_1, DAY_2 = 1767196800, 1767196800 + 86400


def days(config) -> dict[tuple[str, str], float]:
    """Value by date and metric."""
    frame = stored(config, "touchpoint_days")
    return dict(zip(zip(frame["date"], frame["metric"], strict=True), frame["value"], strict=True))


def touchpoint_days(tmp_path, preset, text, **keys):
    return export_config(tmp_path, "touchpoint_days", preset, text, **LENIENT, **keys)


CONTACTS = "external_userid,name,type,gender,unionid,userid,createtime,add_way,state,remark_mobiles"


def test_wecom_contacts(tmp_path):
    """Codes of add_way, 0 among them; unknown ones kept; one row a person and member."""
    text = f"""{CONTACTS}
wm1,甲,1,0,un1,zhang,1767240000,1,qr_live,13800138000
wm1,甲,1,0,un1,li,1767250000,202,,
wm2,乙,1,0,,zhang,1767240000,0,,138****8000
wm3,丙,1,0,,zhang,1767240000,24,,[]
wm4,丁,1,0,,zhang,1767240000,16,hk_a,138****8000
"""
    config = export_config(tmp_path, "contacts", "wecom_contacts", text)
    frame = stored(config, "contacts")
    ways = {"scan_qr", "assigned", "unknown", "other(24)", "acquisition_link"}
    assert set(frame["add_way"]) == ways
    assert len(frame) == 5
    assert frame["customer"].nunique() == 4
    first = frame[frame["add_way"] == "scan_qr"].iloc[0]
    assert (first["added_at"], first["entry_code"], first["account_kind"]) == (
        "2026-01-01 12:00:00",
        "qr_live",
        "wecom",
    )


def test_wecom_removals(tmp_path):
    """del_follow_user is the customer, del_external_contact the member or a hand-over."""
    text = f"""{CONTACTS},ChangeType,Source,删除时间
wm1,甲,1,0,,zhang,1767240000,1,,,del_follow_user,,1767340000
wm2,乙,1,0,,zhang,1767240000,1,,,del_external_contact,,1767340000
wm3,丙,1,0,,zhang,1767240000,1,,,del_external_contact,DELETE_BY_TRANSFER,1767340000
wm4,丁,1,0,,zhang,1767240000,1,,,,,
"""
    frame = stored(export_config(tmp_path, "contacts", "wecom_contacts", text), "contacts")
    assert frame["removed_by"].tolist() == ["customer", "staff", "transfer", None]
    assert frame["removed_at"].isna().tolist() == [False, False, False, True]


def test_linkwechat_customers(tmp_path):
    """Chinese words of the sheet; a word that is not known stays as other(word)."""
    text = """客户姓名,客户类型,性别,userid,unionid,生日,所属企业,所属职位,跟进员工,商机阶段,添加方式,添加时间,企业标签,手机号,邮箱,QQ,所在省市县,详细地址,是否加入黑名单
甲,微信客户,男,wmA,un1,,,,小王,初步沟通,扫描二维码,2026-01-01 10:00:00,,13800138000,,,,,否
乙,微信客户,女,wmB,,,,,小王,初步沟通,外星来客,2026-01-02 10:00:00,,,,,,,否
"""
    frame = stored(export_config(tmp_path, "contacts", "linkwechat_customers", text), "contacts")
    assert sorted(frame["add_way"]) == ["other(外星来客)", "scan_qr"]


BEHAVIOUR = "stat_time,userid,chat_cnt,message_cnt,reply_percentage,avg_reply_time,negative_feedback_cnt,new_apply_cnt,new_contact_cnt"


def test_wecom_behaviour_of_one_member(tmp_path):
    """Percent becomes a share, minutes seconds; a missing reply figure is no row, not 0."""
    text = f"{BEHAVIOUR}\n{DAY_1},zhang,12,40,60.25,1.5,2,0,3\n{DAY_2},zhang,0,0,,,0,988,67\n"
    found = days(touchpoint_days(tmp_path, "wecom_behavior", text))
    assert found["2026-01-01", "reply_share"] == pytest.approx(0.6025)
    assert found["2026-01-01", "first_reply_seconds"] == 90
    assert found["2026-01-01", "removed_by_customers"] == 2
    assert found["2026-01-02", "requests_sent"] == 988
    assert ("2026-01-02", "reply_share") not in found
    assert found["2026-01-02", "chats"] == 0


def test_wecom_behaviour_of_several_members(tmp_path):
    """Counts add up; shares of unknown weight do not, and that is said; each member's stand."""
    text = f"{BEHAVIOUR}\n{DAY_1},zhang,12,40,60,1,2,0,3\n{DAY_1},li,4,5,80,1,1,2,0\n"
    config = touchpoint_days(tmp_path, "wecom_behavior", text)
    found = days(config)
    assert found["2026-01-01", "chats_from_zhang"] == 12
    assert found["2026-01-01", "reply_share_from_li"] == pytest.approx(0.8)
    assert found["2026-01-01", "first_reply_seconds_from_zhang"] == 60
    assert (found["2026-01-01", "chats"], found["2026-01-01", "messages"]) == (16, 45)
    assert ("2026-01-01", "reply_share") not in found
    assert found["2026-01-01", "first_reply_seconds"] == 60
    counted = seen(config, "touchpoint_days")
    assert counted["dropped"] == {"added to the day": 6, "rows of the day differ": 2}
    assert counted["rows"] == counted["used"] + sum(counted["dropped"].values())


def test_wecom_behaviour_of_nobody_named(tmp_path):
    """Several userids in one call give their sum and no name: the day's figures alone."""
    text = f"{BEHAVIOUR}\n{DAY_1},,12,40,60,1,2,0,3\n"
    found = days(touchpoint_days(tmp_path, "wecom_behavior", text))
    assert found["2026-01-01", "chats"] == 12
    assert not [metric for _, metric in found if "_from_" in metric]


def test_a_bad_cell_spoils_its_day_and_names_its_line(tmp_path):
    """The day's sum without it would be too low; the line is that of the file, not of the metric."""
    text = f"{BEHAVIOUR}\n{DAY_1},zhang,12,40,,,2,0,3\n{DAY_1},li,abc,5,,,1,2,0\n"
    prepared = prepare(touchpoint_days(tmp_path, "wecom_behavior", text))
    found = [(f["line"], f["column"], f["reason"]) for f in prepared.manifest["faults"]]
    # The day's sum of both members, and li's own figure beside it.
    bad = (3, "value", "not_a_number")
    assert sorted(found) == [(2, "value", "part_of_bad"), bad, bad]


def test_wecom_groups(tmp_path):
    """By day: stocks keep their names, flows theirs; with Chinese headers too."""
    text = f"stat_time,new_chat_cnt,chat_total,chat_has_msg,new_member_cnt,member_total,member_has_msg,msg_total\n{DAY_1},1,10,8,20,300,120,999\n"
    found = days(touchpoint_days(tmp_path / "a", "wecom_groups", text))
    assert found["2026-01-01", "members_total"] == 300
    assert found["2026-01-01", "messages_to_date"] == 999
    assert found["2026-01-01", "groups_new"] == 1
    text = "日期,客群总数,新增客群数,客群成员总数,新增客群成员数,流失客群成员数\n2026-01-01,10,1,300,20,4\n"
    found = days(touchpoint_days(tmp_path / "b", "wecom_groups", text))
    assert found["2026-01-01", "members_lost"] == 4


MASS = "msgid,userid,external_userid,status,send_time,create_time"


def test_wecom_mass_send_results(tmp_path):
    """2 is "failed, not a friend"; what was not sent is no delivery; the record's time stands in."""
    text = f"""{MASS}
m1,u,wm1,1,1767240000,1767230000
m1,u,wm2,0,,1767230000
m1,u,wm3,2,,1767230000
m1,u,wm4,3,0,1767230000
"""
    config = export_config(tmp_path, "deliveries", "wecom_mass_send", text)
    frame = stored(config, "deliveries")
    assert frame["status"].tolist() == ["sent", "not_a_friend", "capped"]
    assert frame["sent_at"].tolist() == [
        "2026-01-01 12:00:00",
        "2026-01-01 09:13:20",
        "2026-01-01 09:13:20",
    ]
    assert seen(config, "deliveries")["dropped"] == {"not sent": 1}


def test_wecom_mass_send_failures_without_a_time(tmp_path):
    """Without a time of sending they cannot be placed; they are counted apart, not guessed."""
    text = "msgid,userid,external_userid,status,send_time\nm1,u,wm1,1,1767240000\nm1,u,wm3,2,\n"
    config = export_config(tmp_path, "deliveries", "wecom_mass_send", text)
    assert stored(config, "deliveries")["status"].tolist() == ["sent"]
    assert seen(config, "deliveries")["dropped"] == {"no sending time": 1}


def test_the_members_task_list_is_refused(tmp_path):
    """There 2 means sent: read as a send result it would turn success into failure."""
    text = "msgid,userid,status,send_time\nm1,u,2,1767240000\n"
    with pytest.raises(UnusableData) as caught:
        prepare(export_config(tmp_path, "deliveries", "wecom_mass_send", text))
    assert str(caught.value) == (
        "deliveries: deliveries.csv has no external_userid: it looks like the member's task list, "
        "in which status 2 means sent and not failed. the preset wecom_mass_send expects WeCom "
        "mass-send results, one row a customer. Export that, or name another preset under "
        "tables.deliveries."
    )


def test_wecom_group_owners(tmp_path):
    """Stocks of two owners add up to the day's, and each owner's stand beside it."""
    text = f"owner,stat_time,new_chat_cnt,chat_total,member_total,member_has_msg\nzhang,{DAY_1},1,10,300,120\nli,{DAY_1},0,2,50,5\n"
    found = days(touchpoint_days(tmp_path, "wecom_group_owners", text))
    assert found["2026-01-01", "members_total"] == 350
    assert found["2026-01-01", "members_total_from_li"] == 50
    assert found["2026-01-01", "members_with_messages_to_date_from_zhang"] == 120
    with pytest.raises(UnusableData, match="which the preset wecom_group_owners reads"):
        prepare(touchpoint_days(tmp_path / "b", "wecom_groups", text))
    by_day = f"stat_time,chat_total\n{DAY_1},10\n"
    with pytest.raises(UnusableData, match="which the preset wecom_groups reads"):
        prepare(touchpoint_days(tmp_path / "c", "wecom_group_owners", by_day))


def test_wecom_acquisition_links(tmp_path):
    """Clicks and additions by link; the day's are their sums."""
    text = f"link_id,start_time,click_link_customer_cnt,new_customer_cnt\nlk1,{DAY_1},40,12\nlk2,{DAY_1},10,1\nlk1,{DAY_2},,3\n"
    found = days(touchpoint_days(tmp_path, "wecom_acquisition_links", text))
    assert found["2026-01-01", "link_clicks"] == 50
    assert found["2026-01-01", "link_contacts_added_from_lk1"] == 12
    assert ("2026-01-02", "link_clicks") not in found
    assert found["2026-01-02", "link_contacts_added"] == 3


def test_service_account_users(tmp_path):
    """Sources add up to the total; 0 is "other" here; a code that is not known stays."""
    text = "ref_date,user_source,new_user,cancel_user\n2026-01-01,0,5,1\n2026-01-01,30,7,0\n2026-01-01,999,1,2\n"
    found = days(touchpoint_days(tmp_path, "service_account_users", text))
    assert found["2026-01-01", "followers_new"] == 13
    assert found["2026-01-01", "followers_lost"] == 3
    assert found["2026-01-01", "followers_new_from_other"] == 5
    assert found["2026-01-01", "followers_new_from_scan"] == 7
    assert found["2026-01-01", "followers_new_from_other(999)"] == 1


def test_service_account_followers_to_date(tmp_path):
    """getusercumulate: one number a day, its user_source 0 ignored."""
    text = "ref_date,user_source,cumulate_user\n2026-01-01,0,1000\n2026-01-02,0,1010\n"
    found = days(touchpoint_days(tmp_path, "service_account_users", text))
    assert found == {("2026-01-01", "followers"): 1000, ("2026-01-02", "followers"): 1010}


def test_service_account_articles(tmp_path):
    """0 is "chat" here; the total is that of 99999999, less than the sum of the channels."""
    text = "ref_date,user_source,int_page_read_user,int_page_read_count\n2026-01-01,99999999,100,150\n2026-01-01,0,60,70\n2026-01-01,2,60,90\n"
    found = days(touchpoint_days(tmp_path, "service_account_articles", text))
    assert found["2026-01-01", "readers"] == 100
    assert found["2026-01-01", "reads"] == 150
    assert found["2026-01-01", "readers_from_chat"] == 60
    assert found["2026-01-01", "reads_from_moments"] == 90


def test_article_totals_under_the_wrong_preset(tmp_path):
    """Running totals by article are refused where daily reading is expected."""
    text = "ref_date,stat_date,msgid,int_page_read_user\n2026-01-01,2026-01-01,1_1,100\n"
    with pytest.raises(UnusableData, match="has a column stat_date: it holds running totals"):
        prepare(touchpoint_days(tmp_path, "service_account_articles", text))


def test_service_account_article_totals(tmp_path):
    """Rises of running totals; nothing for a beginning that is missing; a fall is a fault."""
    text = """ref_date,stat_date,msgid,int_page_read_count,share_count
2026-01-01,2026-01-01,1_1,100,3
2026-01-01,2026-01-02,1_1,130,3
2026-01-02,2026-01-02,2_1,50,1
2025-12-01,2026-01-01,9_1,40,2
2025-12-01,2026-01-02,9_1,45,2
2026-01-02,2026-01-03,2_1,40,2
"""
    config = touchpoint_days(tmp_path, "service_account_article_totals", text)
    found = days(config)
    assert found["2026-01-01", "article_reads"] == 100
    assert found["2026-01-02", "article_reads"] == 30 + 50 + 5
    assert found["2026-01-03", "article_shares"] == 1
    assert ("2026-01-03", "article_reads") not in found
    assert seen(config, "touchpoint_days")["faults"] == {"value|not_a_number": 1}


def test_mini_program_visits(tmp_path):
    """Dates without dashes; a week's row is no day."""
    text = """ref_date,session_cnt,visit_pv,visit_uv,visit_uv_new,stay_time_uv,stay_time_session,visit_depth
20260101,10,20,7,3,33.5,12.1,2
20260105-20260111,10,20,7,3,33.5,12.1,2
"""
    config = touchpoint_days(tmp_path, "mini_program_visits", text)
    found = days(config)
    assert found["2026-01-01", "visitors_new"] == 3
    assert found["2026-01-01", "seconds_per_visitor"] == 33.5
    assert len(found) == 7
    assert seen(config, "touchpoint_days")["faults"] == {"date|not_a_date": 7}


def test_mini_program_retention(tmp_path):
    """Key 0 is the base of the day, the others people kept; a day to come is no zero."""
    text = "ref_date,key,visit_uv_new,visit_uv\n20260101,0,50,200\n20260101,1,10,80\n20260101,7,4,\n20260105-20260111,0,9,9\n"
    config = touchpoint_days(tmp_path, "mini_program_retention", text)
    assert days(config) == {
        ("2026-01-01", "cohort_new"): 50,
        ("2026-01-01", "cohort_active"): 200,
        ("2026-01-01", "cohort_new_from_day_1"): 10,
        ("2026-01-01", "cohort_active_from_day_1"): 80,
        ("2026-01-01", "cohort_new_from_day_7"): 4,
    }
    assert seen(config, "touchpoint_days")["faults"] == {"date|not_a_date": 2}
    with pytest.raises(UnusableData, match="which the preset mini_program_visits reads"):
        prepare(
            touchpoint_days(
                tmp_path / "b", "mini_program_retention", "ref_date,visit_uv\n20260101,5\n"
            )
        )


def test_mini_program_sources(tmp_path):
    """Sessions by source, the day's their sum; a code that is not known stays."""
    text = "ref_date,key,access_source_session_cnt\n20260101,2,30\n20260101,18,12\n20260101,99,1\n"
    found = days(touchpoint_days(tmp_path, "mini_program_sources", text))
    assert found["2026-01-01", "source_sessions"] == 43
    assert found["2026-01-01", "source_sessions_from_search"] == 30
    assert found["2026-01-01", "source_sessions_from_account_article"] == 12
    assert found["2026-01-01", "source_sessions_from_other(99)"] == 1


def test_channels_leads(tmp_path):
    """Components add up, organic and paid rows too."""
    text = "日期,component_type,traffic_type,leads_count\n2026-01-01,1,0,5\n2026-01-01,1,1,4\n2026-01-01,0,1,2\n"
    found = days(touchpoint_days(tmp_path, "channels_leads", text))
    assert found["2026-01-01", "leads"] == 11
    assert found["2026-01-01", "leads_from_wecom_card"] == 9
    assert found["2026-01-01", "leads_from_form"] == 2


def test_channels_live(tmp_path):
    """Two sessions on a day: sums, the higher peak, no mean of unknown weight."""
    text = """export_id,live_start_time,live_duration_in_seconds,total_audience_count,total_cheer_count,forward_count,total_comment_count,audiences_avg_seconds,max_online_count,new_follow_count,new_follow_count_biz
e1,1767240000,3600,100,5,2,9,33,40,3,1
e2,1767261600,1800,50,5,2,9,66,60,3,1
"""
    found = days(touchpoint_days(tmp_path, "channels_live", text))
    assert found["2026-01-01", "audience"] == 150
    assert found["2026-01-01", "live_seconds"] == 5400
    assert found["2026-01-01", "online_peak"] == 60
    assert ("2026-01-01", "seconds_per_viewer") not in found
    assert found["2026-01-01", "service_account_followers_new"] == 2


def test_channels_shop(tmp_path):
    """Texts in fen become yuan; counts stay counts."""
    text = '日期,pay_gmv,pay_uv,pay_refund_gmv,pay_order_cnt,live_pay_gmv\n2026-01-01,"123456",10,"50",12,"100"\n'
    found = days(touchpoint_days(tmp_path, "channels_shop", text))
    assert found["2026-01-01", "paid_amount"] == 1234.56
    assert found["2026-01-01", "refunded_amount"] == 0.5
    assert found["2026-01-01", "buyers"] == 10


def test_short_links(tmp_path):
    """Clicks add up over links, visitors do not."""
    text = "shortId,dateTime,pvNum,uvNum,openNum\na,2026-01-01,10,7,3\nb,2026-01-01,4,3,1\nb,2026-01-02,4,3,1\n"
    found = days(touchpoint_days(tmp_path, "short_links", text))
    assert found["2026-01-01", "clicks"] == 14
    assert ("2026-01-01", "visitors") not in found
    assert found["2026-01-02", "visitors"] == 3
