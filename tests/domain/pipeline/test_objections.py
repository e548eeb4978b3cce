"""What stands against a purchase is told from what is said for it, about it, and only politely."""

from __future__ import annotations

import pytest

from domain.pipeline.objections import Asked, speaks_against

AGAINST = """
    うちにはちょっと高いですね。
    正直、思っていたより高かったです。
    その値段だと手が出ません。
    お金がないんですよ。
    予算が取れなかったんです。
    今期はもう予算がありません。
    今はちょっと忙しくて、それどころじゃないんです。
    繁忙期が終わってからにしてください。
    また落ち着いたら連絡します。
    もう他社さんのを使っていますので。
    別の会社にお願いしているんです。
    取引のある業者さんがいますから。
    今のところで満足しています。
    前に似たようなものを入れて失敗したんです。
    以前導入したんですが、誰も使わなくて。
    昔一度やって懲りているので。
    特に必要性を感じていません。
    うちには必要ないと思います。
    今のやり方で困っていないので。
    うちみたいな小さい会社には大げさですよ。
    私では決められません。
    上がうんと言わないと思います。
    社長が反対していまして。
    本社の方針で決まっているので、うちでは何とも。
    情報が漏れないか心配です。
    クラウドに個人情報を置くのはちょっと。
    セキュリティの面が不安です。
    現場がついてこられるかどうか。
    年配の社員が使えるか心配で。
    今回は見送らせていただきます。
    せっかくですが、今回は結構です。
    うーん、ちょっと難しいですね。
    検討しましたが、時期尚早という結論でした。
    もう少し様子を見たいです。
    営業のお電話はお断りしています。
    効果があるのかどうか、いまひとつ分からないんですよね。
    契約期間がまだ一年残っています。
    導入の手間を考えると腰が重いです。
    人を割けないんですよ。
    It's more than we wanted to spend.
    We don't have the budget this year.
    We're happy with what we have.
    We tried something like this and nobody used it.
    Not a priority right now.
    I'd have to get this past IT, and they're very strict about cloud tools.
    Call me again next year.
    We're under contract for another two years.
    うちの規模だと、そこまでの機能はいらないかな。
    社内のルールで、新しい取引先を増やせないんですよ。
    ちょうど別のプロジェクトが動いていまして。
    入れ替えの手間を考えると、なかなか。
    操作を覚えるのが大変そうですね。
    データの移行が面倒じゃないですか。
    今期はもう投資しない方針なんです。
    いまは経費を削れと言われていまして。
    担当が替わったばかりで、何とも言えません。
    まだそういう段階じゃないんです。
    うちには話が大きすぎますよ。
    費用の割に効果が小さいように見えます。
    実績が少ないのが引っかかっていて。
    聞いたことのない会社なので、正直心配です。
    うちの業務は特殊なので、合わないと思います。
    いまのシステムの償却が終わっていないんです。
    リースがあと三年残っています。
    ほかに優先することがたくさんありまして。
    どうもピンと来ないんですよね。
    メリットがあまり感じられません。
    組合がうるさいんです。
    お客さんが嫌がると思うんですよ。
    現場に余計な負担をかけたくないんです。
    一から覚え直しになりますから。
    使いこなせる人がいないんですよ。
    トップがデジタルに疎くて。
    値引きはできないんですか。高いですよ。
    ネットにつながらない現場が多いんです。
    電波が届かない場所でも使えるんですか。
    止まったときが怖いですね。
    紙のほうが早いという人もいまして。
    いまのところ大きな不都合はありません。
    研修に割く人がいません。
    前の担当者にも断りましたよね。
    社長が首をひねっていまして。
    みんな今のやり方に慣れていますので。
    We just hired somebody to do that by hand.
    My staff won't have it.
    It sounds complicated.
    We had a bad experience with your competitor.
    There's no wifi in the basement.
    The money goes elsewhere first.
    Our people are not good with computers.
    I don't have the authority.
"""
NOT_AGAINST = """
    お世話になっております。
    はい、お電話ありがとうございます。
    ちょうどよかった、こちらからご連絡しようと思っていました。
    担当の者に代わりますので、少々お待ちください。
    現場の者に聞いたところ、便利そうだと言っていました。
    今は表計算で管理しています。
    担当は私ひとりでやっています。
    月末は毎回夜遅くまで残っています。
    人手が足りなくて、残業が増えています。
    新人がなかなか定着しません。
    在庫の数が合わないことが多いです。
    ベテランが辞めてしまって、やり方が分からなくなりました。
    紙の伝票が多くて、探すのに時間がかかります。
    問い合わせが多すぎて、電話がつながらないと言われます。
    社長も乗り気です。
    部長は賛成しています。
    予算は五百万円です。
    予算は来月の会議で決まります。
    予算の心配はいりません。
    費用は本社が持ちます。
    決裁は社長です。
    最終的には部長が判断します。
    社長の判断になります。
    稟議を回します。
    年内に決めたいと思っています。
    四月から使いたいです。
    急いでいます。
    できるだけ早く始めたいです。
    来週なら時間が取れます。
    火曜の午後なら空いています。
    忙しいのは月末だけです。
    他の支店でも使えますか。
    セキュリティの資料をいただけますか。
    データはどこに置かれますか。
    初期費用はいくらですか。
    見積もりをお願いします。
    デモを見て、とても使いやすいと思いました。
    現場の評判も高いです。
    効果が高いと聞いています。
    優先度は高いです。
    精度の高いものを探しています。
    もっと早く知りたかったです。
    前から気になっていました。
    以前から探していたんです。
    以前は紙でしたが、今は表計算です。
    去年からずっと検討していました。
    必要だと思っています。
    必要な資料があれば言ってください。
    もう一度見せてもらえますか。
    資料は拝見しました。
    私のほうで進めます。
    私が窓口です。
    結構使いやすそうですね。
    いいですね、お願いします。
    問題ありません。
    大丈夫です。
    特に質問はありません。
    分かりました、それで進めてください。
    他社さんの事例を知りたいです。
    同業の方はどう使っていますか。
    社員は三十人です。
    工場は二つあります。
    高さの調整はできますか。
    手順が複雑で、間違いが多いんです。
    お客様からの苦情が減りません。
    遠方の拠点が多いので、移動に時間を取られています。
    毎日追われています。
    電話が鳴りっぱなしで、手が回りません。
    クレームが続いていて、困っています。
    来月から人が増えるので、それまでに入れたいです。
    本社にも紹介しておきます。
    上にも見せたいので、資料をください。
    契約書を送ってください。
    契約は三月からにしたいです。
    違う部署の者にも聞いてみます。
    迷惑メールに入っていました。
    最近、残業の規制が厳しくなりました。
    監査が厳しくて、記録を残さないといけません。
    業界全体が厳しい状況です。
    採用が難しいんです。
    なかなか人が採れません。
    慣れるまでどのくらいかかりますか。
    無理なく始められそうです。
    期限に間に合わないと困ります。
    このままでは回らなくなります。
    使い方は簡単ですか。
    その金額なら大丈夫です。
    思ったより安いですね。
    We use spreadsheets at the moment.
    I'll send it to my boss today.
    We already talked about it internally and everybody likes it.
    Could you send me the security paper?
    We lose two days every month.
    My boss is happy with the idea.
    Our team is growing and we can't keep up with the orders.
    It takes too long to find anything.
    The budget is five million yen.
    We need it before April.
    Nobody knows where the files are.
    Our old system breaks down every week.
    I don't have the figures here, I'll email them.
    What does it cost?
    Who else uses it?
    That sounds great, go ahead.
    予算がないわけじゃないんです。
    高いとは思っていません。
    特に不安はありません。
    反対する人はいませんでした。
    It isn't too expensive for us.
"""
ANSWERS = (
    ("予算はありません。", Asked.MONEY),
    ("本社が決めます。", Asked.WHO),
    ("繁忙期なので、2月です。", Asked.WHEN),
    ("年配の者が多くて、機械が苦手なんです。", Asked.PAIN),
)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip().splitlines()]


def test_what_is_said_against_buying_is_found_and_nothing_else() -> None:
    assert [line for line in _lines(AGAINST) if not speaks_against(line)] == []
    assert [line for line in _lines(NOT_AGAINST) if speaks_against(line)] == []


@pytest.mark.parametrize(("said", "asked"), ANSWERS)
def test_answer_to_a_question_is_an_objection_only_where_nobody_asked(said: str, asked: Asked) -> None:
    assert speaks_against(said)
    assert not speaks_against(said, asked)


def test_what_is_not_denied_still_counts() -> None:
    assert speaks_against("高いとは思いませんが、導入の手間が不安です。")
